import type { IncomingHttpHeaders } from 'node:http'

export type ApiKeys = { publishable: string; secret: string; cron: string }

/** Whom a request to Auth or REST comes from: a role of an API key, a user's own token, or nobody we accept. */
export type Caller =
  | { kind: 'role'; role: 'anon' | 'service_role' }
  | { kind: 'token' }
  | { kind: 'refused'; message: string; hint: string }

const refused = (message: string, hint: string): Caller => ({ kind: 'refused', message, hint })

/**
 * Reads the `apikey` header (or query parameter) and `Authorization` as the platform's gateway does: a user's JWT wins;
 * an API key repeated as bearer counts as the key; a credential that is present but wrong is refused, never ignored.
 */
export const callerOf = (headers: IncomingHttpHeaders, url: string, keys: ApiKeys): Caller => {
  const apikey = header(headers, 'apikey') ?? queryKey(url)
  if (!apikey) {
    return refused(
      'No API key found in request',
      'No `apikey` request header or url param was found.',
    )
  }
  const role = roleOf(apikey, keys)
  if (!role) {
    return refused('Invalid API key', 'Double check your Supabase publishable or secret API key.')
  }
  if (role === 'service_role' && /^Mozilla\//.test(headers['user-agent'] ?? '')) {
    return refused(
      'Forbidden use of secret API key in browser',
      'Secret API keys can only be used in a protected environment and should never be used in a browser.',
    )
  }
  const { authorization } = headers
  const bearer = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
  if (authorization === undefined || bearer === apikey) return { kind: 'role', role }
  if (bearer && !bearer.startsWith('sb_')) return { kind: 'token' }
  return refused(
    'Invalid authorization header',
    'Authorization must be `Bearer` with a user JWT or the same key as `apikey`.',
  )
}

const roleOf = (apikey: string, keys: ApiKeys) => {
  if (apikey === keys.publishable) return 'anon'
  return apikey === keys.secret || apikey === keys.cron ? 'service_role' : undefined
}

const header = (headers: IncomingHttpHeaders, name: string) => {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const queryKey = (url: string) =>
  new URL(url, 'http://gateway').searchParams.get('apikey') ?? undefined

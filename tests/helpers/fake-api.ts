import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { createApp } from '../../functions/api/app.ts'
import { fromPostgres } from '../../shared/db/from-postgres.ts'
import type { Deps } from '../../shared/deps.ts'
import { parseEnv } from '../../shared/env.ts'
import type { Network } from '../../shared/networks/network.ts'
import { networkOf } from '../../shared/networks/network-of.ts'

export const NOW = new Date('2026-11-22T12:00:00Z')
export const USER = '0193a3c0-0000-7000-8000-000000000001'
export const API_URL = 'https://project.example.com'

const signing = await generateKeyPair('ES256')
const foreign = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(signing.publicKey)), kid: 'key-1', alg: 'ES256' }

/** Environment variables a function could be started with. */
export const VARIABLES = {
  SUPABASE_URL: API_URL,
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_test"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default","cron":"sb_secret_cron"}',
  SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }),
  ENCRYPTION_KEYS: JSON.stringify({ k1: btoa('k'.repeat(32)) }),
  X_CLIENT_ID: 'client',
  S3_REGION: 'local',
  S3_BUCKET: 'myposts',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
  ALLOWED_ORIGINS: 'https://app.example.com',
}

type Claims = JWTPayload & { role?: string }

/** An access token of the project; `forged` signs it with another key under the same key id. */
export const token = (claims: Claims = {}, { forged = false, expired = false } = {}) =>
  new SignJWT({ role: 'authenticated', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
    .setSubject(claims.sub ?? USER)
    .setAudience('authenticated')
    .setIssuedAt()
    .setExpirationTime(expired ? '-1h' : '1h')
    .sign(forged ? foreign.privateKey : signing.privateKey)

type Handler = (args: Record<string, unknown>, request: Request) => unknown
/** Answers by what is asked: 'rpc/create_post', 'accounts', 'service.take_oauth_state'. */
export type FakeDatabase = Record<string, Handler>

/** What SQL raises with private.refuse; thrown from a handler of the fake database. */
export const refused = (status: number, slug: string) =>
  Object.assign(new Error(slug), {
    status,
    body: { code: `PT${status}`, message: slug, details: 'Because.', hint: 'Do otherwise.' },
  })

const answer = async (database: FakeDatabase, request: Request): Promise<Response> => {
  const { pathname, searchParams } = new URL(request.url)
  const name = pathname.replace('/rest/v1/', '')
  const handler = database[name]
  if (!handler) return Response.json({ code: 'PGRST202', message: name }, { status: 404 })
  const text = await request.text()
  const args = text === '' ? Object.fromEntries(searchParams) : JSON.parse(text)
  try {
    return Response.json((await handler(args, request)) ?? null)
  } catch (error) {
    const { status, body } = error as ReturnType<typeof refused>
    if (!body) throw error
    return Response.json(body, { status })
  }
}

export type Call = { name: string; args: Record<string, unknown>; authorization: string | null }

/** The API over a database that is a record of functions. `calls` is what it was asked, in order. */
export const fakeApi = (database: FakeDatabase = {}, network: Partial<Network> = {}) => {
  const calls: Call[] = []
  const logs: Record<string, unknown>[] = []
  const background: Promise<unknown>[] = []
  const sleepers: (() => void)[] = []
  const env = parseEnv(VARIABLES)
  const fakeFetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    const text = await request.clone().text()
    calls.push({
      name: new URL(request.url).pathname.replace('/rest/v1/', ''),
      args: text === '' ? {} : JSON.parse(text),
      authorization: request.headers.get('authorization'),
    })
    return answer(database, request)
  }
  const deps: Deps = {
    env,
    fetch: fakeFetch as typeof fetch,
    fetchPublic: () => Promise.reject(new Error('a fake reaches nobody outside')),
    now: () => NOW,
    monotonic: () => 0,
    sleep: () => new Promise((resolve) => sleepers.push(resolve)),
    ending: new AbortController().signal,
    deadline: () => new AbortController().signal,
    every: () => () => {},
    randomUUID: () => crypto.randomUUID(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    resolveDns: async () => ['93.184.216.34'],
    background: (promise) => background.push(promise),
    log: (entry) => logs.push(entry),
    service: async <T>(fn: string, args: Record<string, unknown> = {}) => {
      calls.push({ name: `service.${fn}`, args, authorization: null })
      try {
        return ((await database[`service.${fn}`]?.(args, new Request(API_URL))) ?? null) as T
      } catch (error) {
        const { body } = error as ReturnType<typeof refused>
        throw body ? fromPostgres(body) : error
      }
    },
  }
  const app = createApp(deps, async () => ({ ...networkOf(deps), ...network }))

  const call = async (method: string, path: string, options: CallOptions = {}) => {
    const { body, headers, as = await token() } = options
    const response = await app.request(`${API_URL}/api${path}`, {
      method,
      headers: {
        ...(as ? { authorization: `Bearer ${as}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
  /** Lets everybody who sleeps go on, and waits for work in the background. */
  const wake = async () => {
    for (const resolve of sleepers.splice(0)) resolve()
    await Promise.all(background.splice(0))
  }
  return { app, call, calls, logs, wake, env, deps }
}

type CallOptions = {
  body?: unknown
  headers?: Record<string, string>
  /** An access token; null for none. Without it: a good one. */
  as?: string | null
}

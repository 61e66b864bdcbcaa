import { problems } from '../http/problems.ts'
import { fromPostgres, type PostgresError } from './from-postgres.ts'

export type RestOptions = {
  /** The project's URL. */
  url: string
  apikey: string
  /** A user's access token; without one the key's own role is used. */
  token?: string
  schema: 'public' | 'service'
  fetch: typeof fetch
}

/** Longer than any statement timeout (8 s): only a lost connection gets there, and gives up its place. */
const timeoutMs = 12_000

/** One request to PostgREST. Returns the parsed body, null when there is none. */
export const restRequest = async <T>(
  options: RestOptions,
  path: string,
  init: { method: 'GET' | 'POST'; body?: string },
): Promise<T> => {
  const response = await send(options, path, init)
  const text = await response.text().catch((error: unknown) => {
    throw unanswered(init.method, error)
  })
  if (response.ok) return (text === '' ? null : JSON.parse(text)) as T
  throw fromPostgres(parseError(text), response.status)
}

const send = async (
  options: RestOptions,
  path: string,
  init: { method: string; body?: string },
) => {
  try {
    return await options.fetch(`${options.url}/rest/v1/${path}`, {
      ...init,
      headers: {
        apikey: options.apikey,
        'content-type': 'application/json',
        'accept-profile': options.schema,
        'content-profile': options.schema,
        ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      },
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    throw unanswered(init.method, error)
  }
}

const unanswered = (method: string, cause: unknown) =>
  method === 'GET' ? problems.unavailable(cause) : problems.changeUnconfirmed(cause)

const parseError = (text: string): PostgresError => {
  try {
    return JSON.parse(text) as PostgresError
  } catch {
    return { message: 'PostgREST answered without JSON' }
  }
}

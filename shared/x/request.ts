import type { Bytes } from '../crypto/bytes.ts'
import type { Answered, RateWindow } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { type Answer, classify } from './classify.ts'
import { readRates } from './rates.ts'
import { readBroken } from './transport.ts'

export type XConfig = {
  /** Origin of the API, `https://api.x.com`. */
  apiUrl: string
  authorizeUrl: string
  tokenUrl: string
  clientId: string
  /** Absent for a public client. */
  clientSecret?: string
  fetch: typeof fetch
  now(): Date
}

export type Request = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  query?: Record<string, string>
  body?: unknown
  /** Instead of `body`: bytes that are sent as they are. */
  raw?: { contentType: string; bytes: Bytes }
  signal?: AbortSignal | undefined
}

export const failed = (failure: Failure, rates: RateWindow[] = []): Answered<Failure> => ({
  ...failure,
  rates,
})

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const urlOf = (config: XConfig, { path, query }: Request): string =>
  `${config.apiUrl}${path}${query ? `?${new URLSearchParams(query)}` : ''}`

const build = (config: XConfig, accessToken: string, request: Request): [string, RequestInit] => {
  const headers: Record<string, string> = { authorization: `Bearer ${accessToken}` }
  if (request.body !== undefined) headers['content-type'] = 'application/json'
  if (request.raw) headers['content-type'] = request.raw.contentType
  const body =
    request.raw?.bytes ?? (request.body === undefined ? null : JSON.stringify(request.body))
  return [
    urlOf(config, request),
    {
      method: request.method,
      headers,
      redirect: 'manual',
      ...(body ? { body } : {}),
      ...(request.signal ? { signal: request.signal } : {}),
    },
  ]
}

/** Fetches once and reads the whole body; a redirect is an answer, never followed with the request. */
const send = async (config: XConfig, accessToken: string, request: Request): Promise<Answer> => {
  const [url, init] = build(config, accessToken, request)
  const response = await config.fetch(url, init)
  const body = readJson(await response.text())
  return { status: response.status, headers: response.headers, body }
}

/**
 * Calls X once. `read` takes a 2xx body and returns what it found, or null when the body is not what
 * X promises; every other ending is classified. A body cut off counts as lost, not as never sent.
 */
export const call = async <T>(
  config: XConfig,
  accessToken: string,
  request: Request,
  read: (body: unknown, status: number) => T | null,
): Promise<Answered<T | Failure>> => {
  if (request.signal?.aborted) {
    return failed(
      classify({ broken: 'not_sent', detail: 'Given up before sending.' }, config.now()),
    )
  }
  try {
    const answer = await send(config, accessToken, request)
    const rates = readRates(answer.headers)
    const found =
      answer.status >= 200 && answer.status < 300 ? read(answer.body, answer.status) : null
    return found === null ? failed(classify(answer, config.now()), rates) : { ...found, rates }
  } catch (error) {
    return failed(classify(readBroken(error), config.now()))
  }
}

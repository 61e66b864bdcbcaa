import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { failure, failures } from './failure.ts'

export type Credentials = { accessKeyId: string; secretAccessKey: string; region: string }

type Signed = {
  scope: string[]
  headers: string[]
  signature: string
  /** As in `20261122T200000Z`. */
  date: string
  /** What the signature says about the body: its SHA-256 in hex, or UNSIGNED-PAYLOAD. */
  payload: string
}

const CLOCK_SKEW_MS = 15 * 60_000
const LONGEST_PRESIGNED_S = 7 * 24 * 60 * 60

const denied = (message: string) => failure(403, 'AccessDenied', message)

const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const instantOf = (date: string): number => {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (!parts) throw denied('The date of the request is missing or malformed.')
  const [, year, month, day, hour, minute, second] = parts.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

const readHeader = (request: IncomingMessage, now: number): Signed => {
  const text = request.headers.authorization ?? ''
  const part = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(text)?.[1] ?? ''
  if (!text.startsWith('AWS4-HMAC-SHA256 ')) throw denied('Requests must be signed (version 4).')
  const date = String(request.headers['x-amz-date'] ?? '')
  if (Math.abs(instantOf(date) - now) > CLOCK_SKEW_MS) {
    throw failure(403, 'RequestTimeTooSkewed', 'The date of the request is too far from now.')
  }
  return {
    scope: part('Credential').split('/'),
    headers: part('SignedHeaders').split(';'),
    signature: part('Signature'),
    date,
    payload: String(request.headers['x-amz-content-sha256'] ?? ''),
  }
}

const readQuery = (query: URLSearchParams, now: number): Signed => {
  const date = query.get('X-Amz-Date') ?? ''
  const seconds = Number(query.get('X-Amz-Expires'))
  if (!(seconds > 0 && seconds <= LONGEST_PRESIGNED_S)) {
    throw denied('X-Amz-Expires must be between one second and seven days.')
  }
  if (instantOf(date) + seconds * 1_000 < now) throw denied('Request has expired')
  return {
    scope: (query.get('X-Amz-Credential') ?? '').split('/'),
    headers: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    date,
    payload: 'UNSIGNED-PAYLOAD',
  }
}

const canonicalQuery = (query: URLSearchParams): string =>
  [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')

const canonicalRequest = (request: IncomingMessage, url: URL, signed: Signed): string => {
  const path = decodeURIComponent(url.pathname).split('/').map(encode).join('/')
  const headers = signed.headers.map((name) => {
    const value = String(request.headers[name] ?? '')
    return `${name}:${value.trim().replace(/\s+/g, ' ')}\n`
  })
  return [
    request.method,
    path,
    canonicalQuery(url.searchParams),
    headers.join(''),
    signed.headers.join(';'),
    signed.payload,
  ].join('\n')
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

const expectedSignature = (secret: string, signed: Signed, canonical: string): Buffer => {
  const [, day = '', region = '', service = '', end = ''] = signed.scope
  const scope = [day, region, service, end]
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const digest = createHash('sha256').update(canonical).digest('hex')
  return hmac(key, ['AWS4-HMAC-SHA256', signed.date, scope.join('/'), digest].join('\n'))
}

const isEqual = (expected: Buffer, given: string): boolean => {
  const bytes = Buffer.from(given, 'hex')
  return bytes.length === expected.length && timingSafeEqual(bytes, expected)
}

/**
 * Checks the signature (version 4, in the header or the query) over method, host, path and headers
 * as the client sent them, whatever prefix the path has. Returns the SHA-256 the body must have,
 * null when the body is not signed. Throws what S3 answers.
 */
export const verifySignature = (
  request: IncomingMessage,
  credentials: Credentials,
  now: number,
): string | null => {
  const url = new URL(request.url ?? '/', 'http://storage')
  const isPresigned = url.searchParams.has('X-Amz-Signature')
  const signed = isPresigned ? readQuery(url.searchParams, now) : readHeader(request, now)
  const [accessKeyId, day, region, service] = signed.scope
  if (accessKeyId !== credentials.accessKeyId) {
    throw failure(403, 'InvalidAccessKeyId', 'The access key does not exist.')
  }
  const isInScope = day === signed.date.slice(0, 8) && service === 's3' && signed.scope.length === 5
  const expected = expectedSignature(
    credentials.secretAccessKey,
    signed,
    canonicalRequest(request, url, signed),
  )
  const fits = isEqual(expected, signed.signature) && signed.headers.includes('host')
  if (!isInScope || region !== credentials.region || !fits) {
    throw failure(
      403,
      'SignatureDoesNotMatch',
      'The request signature does not match: method, host, path, query and signed headers must be sent as they were signed.',
    )
  }
  if (signed.payload === 'UNSIGNED-PAYLOAD') return null
  if (!/^[0-9a-f]{64}$/.test(signed.payload)) throw failures.notImplemented()
  return signed.payload
}

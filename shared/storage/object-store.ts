import { AwsV4Signer } from 'aws4fetch'
import type { Bytes } from '../crypto/bytes.ts'
import type { Deps } from '../deps.ts'

type Need = Pick<Deps, 'env' | 'fetch' | 'now' | 'deadline'>

export type ObjectHead = { bytes: number; etag: string }

/** What a client needs to upload a file straight to object storage. */
export type UploadTarget = { method: 'PUT'; url: string; headers: Record<string, string> }

export type ObjectStore = {
  /** Signs length and type too: exactly such a file can be uploaded, until the URL expires. */
  presignPut(
    key: string,
    file: { contentType: string; bytes: number; seconds: number },
  ): Promise<UploadTarget>
  /** Where anybody sees the object, for so many seconds from `since` on; it asks storage nothing. */
  presignGet(key: string, time: { since: Date; seconds: number }): Promise<string>
  /** Null when there is no such object. */
  head(key: string): Promise<ObjectHead | null>
  /**
   * The bytes from `start` to `end` (included). `memory` takes them when it is given: it is spent by
   * that, and `bytes.buffer` is what it has become.
   */
  read(
    key: string,
    range: { start: number; end: number },
    memory?: ArrayBuffer,
  ): Promise<{ bytes: Bytes; etag: string }>
  /** An object that is not there counts as removed. */
  remove(key: string): Promise<void>
}

const TIMEOUT_MS = 30_000

/** Storage answered otherwise than asked; never holds a signed URL. */
const refused = (method: string, key: string, status: number) =>
  Object.assign(new Error(`Object storage answered ${status} to ${method} ${key}.`), { status })

const encodeKey = (key: string) => key.split('/').map(encodeURIComponent).join('/')

const etagOf = (response: Response) => (response.headers.get('etag') ?? '').replaceAll('"', '')

/** `20261122T200000Z`, as signatures write a time. */
const stamp = (now: Date) => now.toISOString().replace(/[-:]|\.\d+/g, '')

/**
 * Reads a body into memory that is there already: garbage of an engine that counts on 64 MB of it is
 * what would cost an isolate its life. Its length is judged first: a server that knows no ranges would
 * send the whole file.
 */
const readInto = async (
  response: Response,
  length: number,
  memory: ArrayBuffer,
): Promise<Bytes> => {
  if (!response.body || Number(response.headers.get('content-length')) !== length) {
    await response.body?.cancel()
    throw new Error('Object storage sent another length than was asked for.')
  }
  const reader = response.body.getReader({ mode: 'byob' })
  let at = 0
  for (let buffer = memory; ; ) {
    if (at === length) return new Uint8Array(buffer, 0, length)
    const { value } = await reader.read(new Uint8Array(buffer, at, length - at))
    if (!value || value.length === 0) throw new Error('Object storage broke off.')
    buffer = value.buffer
    at += value.length
  }
}

/** Object storage that speaks S3, path-style, with the deployment's bucket and keys. */
export const createObjectStore = (deps: Need): ObjectStore => {
  const { env } = deps
  const endpoint = env.S3_ENDPOINT ?? `${env.SUPABASE_URL}/storage/v1/s3`
  const addressOf = (base: string, key: string) => `${base}/${env.S3_BUCKET}/${encodeKey(key)}`
  // A page of media is signed with one key: deriving it is most of the work.
  const cache = new Map<string, ArrayBuffer>()
  const signer = (now = deps.now()) => ({
    service: 's3',
    region: env.S3_REGION,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    datetime: stamp(now),
    cache,
  })
  const publicUrl = (key: string, seconds: number) => {
    const url = new URL(addressOf(env.S3_PUBLIC_ENDPOINT ?? endpoint, key))
    url.searchParams.set('X-Amz-Expires', String(seconds))
    return url.href
  }
  const send = async (method: string, key: string, headers: Record<string, string> = {}) => {
    const signed = await new AwsV4Signer({
      ...signer(),
      url: addressOf(endpoint, key),
      method,
      headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    }).sign()
    const init = { method, headers: signed.headers, signal: deps.deadline(TIMEOUT_MS) }
    const response = await deps.fetch(signed.url, init)
    if (response.ok) return response
    await response.body?.cancel()
    if (response.status === 404) return null
    throw refused(method, key, response.status)
  }

  return {
    presignPut: async (key, { contentType, bytes, seconds }) => {
      const headers = { 'content-type': contentType }
      const signed = await new AwsV4Signer({
        ...signer(),
        url: publicUrl(key, seconds),
        method: 'PUT',
        headers: { ...headers, 'content-length': String(bytes) },
        signQuery: true,
        allHeaders: true,
      }).sign()
      return { method: 'PUT', url: signed.url.href, headers }
    },
    presignGet: async (key, { since, seconds }) => {
      const signed = await new AwsV4Signer({
        ...signer(since),
        url: publicUrl(key, seconds),
        method: 'GET',
        signQuery: true,
      }).sign()
      return signed.url.href
    },
    head: async (key) => {
      const response = await send('HEAD', key)
      if (!response) return null
      await response.body?.cancel()
      return { bytes: Number(response.headers.get('content-length')), etag: etagOf(response) }
    },
    read: async (key, { start, end }, memory = new ArrayBuffer(end - start + 1)) => {
      const length = end - start + 1
      const response = await send('GET', key, { range: `bytes=${start}-${end}` })
      if (!response) throw refused('GET', key, 404)
      return { bytes: await readInto(response, length, memory), etag: etagOf(response) }
    },
    remove: async (key) => {
      const response = await send('DELETE', key)
      await response?.body?.cancel()
    },
  }
}

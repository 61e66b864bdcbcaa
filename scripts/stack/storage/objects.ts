import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Call } from './call.ts'
import { failure, failures } from './failure.ts'
import { receive } from './receive.ts'
import type { Store, StoredObject } from './store.ts'

const metaOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => name.startsWith('x-amz-meta-'))
      .map(([name, value]) => [name, String(value)]),
  )

/** What an object is from the headers of the request that made it. */
export const describeObject = (request: IncomingMessage, key: string, now: number) => ({
  key,
  contentType: request.headers['content-type'] ?? 'binary/octet-stream',
  modifiedAt: now,
  meta: metaOf(request),
})

export const putObject = async ({ store, request, response, bucket, key, now, sha256 }: Call) => {
  const promised = { sha256, contentMd5: request.headers['content-md5'] as string | undefined }
  const { file, size, md5 } = await receive(store.bodies(bucket), request, promised)
  const parts = [{ file, size }]
  await store.put(bucket, { ...describeObject(request, key, now), size, etag: md5, parts })
  response.writeHead(200, { etag: `"${md5}"`, 'content-length': 0 }).end()
}

export const deleteObject = async ({ store, response, bucket, key }: Call) => {
  await store.remove(bucket, key)
  response.writeHead(204).end()
}

type Span = { start: number; end: number }

/** The bytes asked for, null for all of them. `end` is included. */
const spanOf = (header: string | undefined, size: number): Span | null => {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return null
  const start = from === '' ? Math.max(size - Number(to), 0) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (start > end) {
    throw failure(416, 'InvalidRange', 'The requested range is not satisfiable.')
  }
  return { start, end }
}

const preconditions = (request: IncomingMessage, { etag }: StoredObject): 304 | 412 | null => {
  const names = (header: string | undefined) =>
    header?.split(',').some((one) => ['*', etag, `"${etag}"`].includes(one.trim()))
  if (names(request.headers['if-match']) === false) return 412
  return names(request.headers['if-none-match']) ? 304 : null
}

async function* read(directory: string, object: StoredObject, { start, end }: Span) {
  let offset = 0
  for (const { file, size } of object.parts) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, size - 1)
    if (from <= to) yield* createReadStream(join(directory, file), { start: from, end: to })
    offset += size
  }
}

/** GET and HEAD of an object: one range at most, and the conditions of If-Match and If-None-Match. */
export const getObject = async ({ store, request, response, bucket, key }: Call) => {
  const object = store.bucket(bucket)?.get(key)
  if (!object) throw failures.noSuchKey()
  const refusal = preconditions(request, object)
  if (refusal === 412) throw failure(412, 'PreconditionFailed', 'The object has another ETag.')
  const span = refusal ? null : spanOf(request.headers.range, object.size)
  const { start, end } = span ?? { start: 0, end: object.size - 1 }
  writeHead(response, object, refusal ?? (span ? 206 : 200), span)
  if (request.method === 'HEAD' || refusal || object.size === 0) return void response.end()
  await pipeline(Readable.from(read(store.bodies(bucket), object, { start, end })), response)
}

const writeHead = (
  response: ServerResponse,
  object: StoredObject,
  status: number,
  span: Span | null,
) => {
  const length = span ? span.end - span.start + 1 : object.size
  response.writeHead(status, {
    ...object.meta,
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    ...(status === 304 ? {} : { 'content-length': length }),
    ...(span ? { 'content-range': `bytes ${span.start}-${span.end}/${object.size}` } : {}),
  })
}

/** Keys of a bucket after `after` in S3's order, which is that of their UTF-8 bytes. */
export const sortedKeys = (store: Store, bucket: string, prefix: string, after: string): string[] =>
  [...(store.bucket(bucket)?.keys() ?? [])]
    .filter(
      (key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
    )
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

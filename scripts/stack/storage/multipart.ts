import { createHash, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Call, readText, sendXml } from './call.ts'
import { failure, failures } from './failure.ts'
import { describeObject } from './objects.ts'
import { type Received, receive } from './receive.ts'
import { textsOf } from './xml.ts'

type Upload = {
  bucket: string
  key: string
  head: ReturnType<typeof describeObject>
  parts: Map<number, Received>
}

/** Multipart uploads under way. They end with the process; their parts are removed at the next start. */
export type MultipartUploads = Map<string, Upload>

const uploadOf = ({ uploads, query, bucket, key }: Call): [string, Upload] => {
  const id = query.get('uploadId') ?? ''
  const upload = uploads.get(id)
  if (!upload || upload.bucket !== bucket || upload.key !== key) throw failures.noSuchUpload()
  return [id, upload]
}

const dropPart = (call: Call, part: Received | undefined) =>
  part && rm(join(call.store.bodies(call.bucket), part.file), { force: true })

export const createUpload = async (call: Call) => {
  const { uploads, request, response, bucket, key, now } = call
  const id = randomUUID().replaceAll('-', '')
  uploads.set(id, { bucket, key, head: describeObject(request, key, now), parts: new Map() })
  const result = { Bucket: bucket, Key: key, UploadId: id }
  sendXml(response, 200, 'InitiateMultipartUploadResult', result)
}

export const uploadPart = async (call: Call) => {
  const [, upload] = uploadOf(call)
  const number = Number(call.query.get('partNumber'))
  if (!(Number.isInteger(number) && number >= 1 && number <= 10_000)) {
    throw failures.invalid('partNumber must be between 1 and 10000.')
  }
  const promised = { sha256: call.sha256, contentMd5: undefined }
  const part = await receive(call.store.bodies(call.bucket), call.request, promised)
  await dropPart(call, upload.parts.get(number))
  upload.parts.set(number, part)
  call.response.writeHead(200, { etag: `"${part.md5}"`, 'content-length': 0 }).end()
}

/** The parts a client names become the object; the others are thrown away, as S3 does. */
export const completeUpload = async (call: Call) => {
  const [id, upload] = uploadOf(call)
  const body = await readText(call.request)
  const numbers = textsOf(body, 'PartNumber').map(Number)
  const etags = textsOf(body, 'ETag').map((etag) => etag.replaceAll('"', ''))
  const parts = numbers.map((number, index) => {
    const part = upload.parts.get(number)
    if (part && part.md5 === etags[index]) return part
    throw failure(400, 'InvalidPart', `Part ${number} was not uploaded with this ETag.`)
  })
  if (parts.length === 0 || numbers.some((number, index) => number <= (numbers[index - 1] ?? 0))) {
    throw failure(400, 'InvalidPartOrder', 'Name the parts in ascending order.')
  }
  const digest = createHash('md5')
  for (const { md5 } of parts) digest.update(Buffer.from(md5, 'hex'))
  const etag = `${digest.digest('hex')}-${parts.length}`
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const files = parts.map((part) => ({ file: part.file, size: part.size }))
  await call.store.put(call.bucket, { ...upload.head, size, etag, parts: files })
  call.uploads.delete(id)
  for (const part of upload.parts.values()) if (!parts.includes(part)) await dropPart(call, part)
  const result = { Bucket: call.bucket, Key: call.key, ETag: `"${etag}"` }
  sendXml(call.response, 200, 'CompleteMultipartUploadResult', result)
}

export const abortUpload = async (call: Call) => {
  const [id, upload] = uploadOf(call)
  call.uploads.delete(id)
  for (const part of upload.parts.values()) await dropPart(call, part)
  call.response.writeHead(204).end()
}

export const listParts = async (call: Call) => {
  const [id, upload] = uploadOf(call)
  const parts = [...upload.parts].sort(([a], [b]) => a - b)
  sendXml(call.response, 200, 'ListPartsResult', {
    Bucket: call.bucket,
    Key: call.key,
    UploadId: id,
    IsTruncated: false,
    Part: parts.map(([number, part]) => ({
      PartNumber: number,
      ETag: `"${part.md5}"`,
      Size: part.size,
    })),
  })
}

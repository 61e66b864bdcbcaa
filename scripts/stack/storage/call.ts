import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MultipartUploads } from './multipart.ts'
import type { Store } from './store.ts'
import { toXml, type Xml } from './xml.ts'

/** One verified request. `key` is empty for calls on a bucket, `sha256` what the body must have. */
export type Call = {
  store: Store
  uploads: MultipartUploads
  request: IncomingMessage
  response: ServerResponse
  bucket: string
  key: string
  query: URLSearchParams
  sha256: string | null
  now: number
}

const LARGEST_TEXT = 2_000_000

/** A small body as text; the lists of keys and parts S3 takes are. */
export const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_TEXT) throw new Error('The body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export const sendXml = (response: ServerResponse, status: number, root: string, value: Xml) => {
  const body = toXml(root, value)
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': length })
  response.end(body)
}

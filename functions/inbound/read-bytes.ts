import type { Bytes } from '../../shared/crypto/bytes.ts'
import { problems } from '../../shared/http/problems.ts'

/** Far more than any event of X or Stripe. */
export const MAX_BYTES = 1_048_576

/** The body as it was sent, which is what was signed. 413 as soon as it is longer than `MAX_BYTES`. */
export const readBytes = async (request: Request): Promise<Bytes> => {
  const announced = request.headers.get('content-length')
  if (Number(announced) > MAX_BYTES) throw tooLarge()
  // No body is longer than announced: the server ends it there.
  return announced === null ? readChunks(request) : new Uint8Array(await request.arrayBuffer())
}

const readChunks = async (request: Request): Promise<Bytes> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.length
    if (length > MAX_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

const tooLarge = () => problems.contentTooLarge(MAX_BYTES)

/** What can be stored: Postgres keeps no U+0000. */
export const textOf = (bytes: Bytes): string =>
  new TextDecoder().decode(bytes).replaceAll('\u0000', '\ufffd')

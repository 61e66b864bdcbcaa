import type { Bytes } from '../crypto/bytes.ts'

/** X takes 5 MB at most, and 1,000 chunks; larger ones save little and cost memory. */
export const CHUNK_BYTES = 2 * 1_048_576

const BOUNDARY = 'myposts-chunk-of-a-file'
export const multipartType = `multipart/form-data; boundary=${BOUNDARY}`
const encode = (text: string): Bytes => new TextEncoder().encode(text)

/** For what stands around a chunk. */
const AROUND = 1_024

/**
 * Memory of bodies that were sent, to be used again: it would be garbage faster than it is collected. A
 * small file has a body of its own size.
 */
export const createMemory = () => {
  const spare: ArrayBuffer[] = []
  const most = CHUNK_BYTES + AROUND
  return {
    take: (bytes: number) =>
      bytes < CHUNK_BYTES / 2
        ? new ArrayBuffer(bytes + AROUND)
        : (spare.pop() ?? new ArrayBuffer(most)),
    give: (memory: ArrayBuffer) => void (memory.byteLength === most && spare.push(memory)),
  }
}

/** One body with the chunk in the middle, so that a chunk is copied once and its length is known. */
export const chunkBody = (index: number, chunk: Bytes, memory: ArrayBuffer): Bytes => {
  const head = encode(
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="segment_index"\r\n\r\n${index}\r\n` +
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="media"; filename="chunk"\r\n` +
      'content-type: application/octet-stream\r\n\r\n',
  )
  const tail = encode(`\r\n--${BOUNDARY}--\r\n`)
  const body = new Uint8Array(memory, 0, head.length + chunk.length + tail.length)
  body.set(head)
  body.set(chunk, head.length)
  body.set(tail, head.length + chunk.length)
  return body
}

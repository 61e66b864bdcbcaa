import type { Bytes } from '../crypto/bytes.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Framing } from './response-head.ts'

const PIECE = 16_384
const LONGEST_LINE = 8_192

type Pieces = AsyncGenerator<Bytes, void>

/** The body of a response, piece by piece; throws when it ends early. */
export const readBody = (reader: ByteReader, framing: Framing): Pieces => {
  if (framing.kind === 'bytes') return readBytes(reader, framing.length)
  return framing.kind === 'chunked' ? readChunks(reader) : readToEnd(reader)
}

async function* readBytes(reader: ByteReader, length: number): Pieces {
  for (let left = length; left > 0; ) {
    const piece = await reader.some(Math.min(left, PIECE))
    if (!piece) throw new Error('The answer ended early')
    left -= piece.length
    yield piece
  }
}

async function* readChunks(reader: ByteReader): Pieces {
  for (;;) {
    const size = /^([0-9a-f]{1,8})\s*(?:;|$)/i.exec(await reader.line(LONGEST_LINE))?.[1]
    if (size === undefined) throw new Error('The answer has a chunk without a size')
    const length = Number.parseInt(size, 16)
    if (length === 0) break
    yield* readBytes(reader, length)
    if ((await reader.line(2)) !== '') throw new Error('The answer has a chunk without an end')
  }
  while ((await reader.line(LONGEST_LINE)) !== '') {
    // Trailers tell us nothing.
  }
}

async function* readToEnd(reader: ByteReader): Pieces {
  for (;;) {
    const piece = await reader.some(PIECE)
    if (!piece) return
    yield piece
  }
}

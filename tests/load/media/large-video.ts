import { createHash } from 'node:crypto'
import { mp4 } from '../../helpers/files.ts'

const MEGABYTE = 1_048_576
/** Chunks as our client cuts them; the sandbox tells the hash of each. */
const CHUNK = 2 * MEGABYTE

/** A video of exactly `bytes`, made as it is read: a description, then pictures that repeat. */
export const largeVideo = (bytes: number) => {
  const empty = mp4({ seconds: 100, payload: 0, isFastStart: true })
  const head = Buffer.from(empty)
  // The last box is the one of the pictures: its length is what is missing.
  const payload = bytes - head.length
  head.writeUInt32BE(payload + 8, head.length - 8)
  const block = Buffer.alloc(MEGABYTE, 'pictures of a long video, ')

  function* parts() {
    yield head
    for (let left = payload; left > 0; left -= block.length) {
      yield left >= block.length ? block : block.subarray(0, left)
    }
  }
  return {
    parts,
    hashes: (): string[] => {
      const hashes: string[] = []
      let hash = createHash('sha256')
      let filled = 0
      for (const part of parts()) {
        for (let at = 0; at < part.length; ) {
          const taken = part.subarray(at, at + CHUNK - filled)
          hash.update(taken)
          at += taken.length
          filled += taken.length
          if (filled < CHUNK) continue
          hashes.push(hash.digest('hex'))
          hash = createHash('sha256')
          filled = 0
        }
      }
      return filled > 0 ? [...hashes, hash.digest('hex')] : hashes
    },
  }
}

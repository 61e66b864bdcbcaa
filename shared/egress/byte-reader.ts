import type { Bytes } from '../crypto/bytes.ts'
import type { Connection } from './connection.ts'

const PIECE = 16_384
const LF = 10

export type ByteReader = ReturnType<typeof createByteReader>

/** Reads a connection by lines and by pieces, whatever parts its bytes come in. */
export const createByteReader = (connection: Pick<Connection, 'read'>) => {
  let unread = new Uint8Array(0)
  let hasReceived = false

  const fill = async (): Promise<boolean> => {
    const piece = new Uint8Array(PIECE)
    const length = await connection.read(piece)
    if (length === null) return false
    hasReceived = true
    const joined = new Uint8Array(unread.length + length)
    joined.set(unread)
    joined.set(piece.subarray(0, length), unread.length)
    unread = joined
    return true
  }
  const take = (length: number) => {
    const taken = unread.subarray(0, length)
    unread = unread.subarray(length)
    return taken
  }

  return {
    /** Whether anything came at all. */
    hasReceived: () => hasReceived,
    /** Whether something came that nobody asked for yet. */
    hasMore: () => unread.length > 0,
    /** The next line without its end, as Latin-1; throws when it is longer than `limit` bytes. */
    async line(limit: number): Promise<string> {
      let end = unread.indexOf(LF)
      while (end < 0 && unread.length <= limit) {
        const seen = unread.length
        if (!(await fill())) throw new Error('The answer ended within a line')
        end = unread.indexOf(LF, seen)
      }
      if (end < 0 || end > limit) throw new Error('The answer has a line that is too long')
      return String.fromCharCode(...take(end + 1)).replace(/\r?\n$/, '')
    },
    /** The next bytes, at most `max` of them; null at the end. */
    async some(max: number): Promise<Bytes | null> {
      if (unread.length === 0 && !(await fill())) return null
      return take(Math.min(max, unread.length))
    },
  }
}

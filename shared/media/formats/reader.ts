import type { Bytes } from '../../crypto/bytes.ts'

/** Reads bytes `start` to `end` (included) of a file. */
export type ReadRange = (start: number, end: number) => Promise<Bytes>

export type Reader = {
  size: number
  /** A view of `length` bytes at `at`; shorter at the end of the file, empty beyond it. */
  view(at: number, length: number): Promise<DataView>
}

/** More than any real file needs; one made of nothing but headers would cost a worker its life. */
const MOST_VIEWS = 200_000

/** Windows a walk may load: more than the largest GIF needs, which is read whole. */
const MOST_LOADS = 500

/**
 * Reads a file through one window that moves on, so that walking over it costs few requests. Throws
 * RangeError when a file makes it walk too long.
 */
export const createReader = (read: ReadRange, size: number, windowBytes = 65_536): Reader => {
  let window = { start: 0, bytes: new Uint8Array(0) }
  let views = 0
  let loads = 0
  return {
    size,
    view: async (at, length) => {
      views += 1
      if (views > MOST_VIEWS) throw new RangeError('The file has too many parts.')
      const end = Math.min(at + length, size)
      const isInside = at >= window.start && end <= window.start + window.bytes.length
      if (!isInside && at < end) {
        loads += 1
        if (loads > MOST_LOADS) throw new RangeError('The parts of the file are too far apart.')
        const last = Math.min(Math.max(end, at + windowBytes), size) - 1
        window = { start: at, bytes: new Uint8Array(await read(at, last)) }
      }
      const offset = Math.max(at - window.start, 0)
      const { buffer, byteOffset } = window.bytes
      return new DataView(
        buffer,
        byteOffset + Math.min(offset, window.bytes.length),
        Math.max(end - at, 0),
      )
    },
  }
}

/** Four characters, as files name their parts. */
export const textAt = (view: DataView, at: number, length = 4): string => {
  let text = ''
  for (let index = at; index < Math.min(at + length, view.byteLength); index += 1) {
    text += String.fromCharCode(view.getUint8(index))
  }
  return text
}

import { type Reader, textAt } from './reader.ts'

/** One box of an MP4 file: `at` is where its content begins, `end` where it ends. */
export type Box = { type: string; at: number; end: number }

const boxAt = async (reader: Reader, at: number, end: number): Promise<Box | null> => {
  const head = await reader.view(at, 16)
  if (head.byteLength < 8) return null
  const type = textAt(head, 4)
  const short = head.getUint32(0)
  // 1: the length follows in 64 bits; 0: up to the end of the file.
  const length =
    short === 1 && head.byteLength === 16
      ? Number(head.getBigUint64(8))
      : short === 0
        ? end - at
        : short
  const headBytes = short === 1 ? 16 : 8
  if (length < headBytes || at + length > end) return null
  return { type, at: at + headBytes, end: at + length }
}

/** Boxes side by side; ends at the first that is none. Jumps over their content. */
export async function* boxesIn(reader: Reader, from: number, to: number): AsyncGenerator<Box> {
  let at = from
  while (at + 8 <= to) {
    const box = await boxAt(reader, at, to)
    if (!box) return
    yield box
    at = box.end
  }
}

/** The first box along a path of types, such as `mdia`, `minf`, `stbl`. */
export const findBox = async (reader: Reader, box: Box, ...path: string[]): Promise<Box | null> => {
  let inside: Box | null = box
  for (const type of path) {
    let next: Box | null = null
    for await (const child of boxesIn(reader, inside.at, inside.end)) {
      if (child.type !== type) continue
      next = child
      break
    }
    if (!next) return null
    inside = next
  }
  return inside
}

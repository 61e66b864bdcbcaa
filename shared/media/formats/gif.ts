import { type FileFacts, imageFacts } from './facts.ts'
import { type Reader, textAt } from './reader.ts'

const tableBytes = (packed: number) => (packed & 0x80 ? 3 * 2 ** ((packed & 0x07) + 1) : 0)

/** Where a chain of sub-blocks ends; each begins with its length, and an empty one is the last. */
const skipBlocks = async (reader: Reader, from: number): Promise<number> => {
  let at = from
  while (at < reader.size) {
    const length = (await reader.view(at, 1)).getUint8(0)
    at += 1 + length
    if (length === 0) break
  }
  return at
}

/** GIF: animated when it has a second picture. Stops at that one. */
export const readGif = async (reader: Reader): Promise<FileFacts | null> => {
  const head = await reader.view(0, 13)
  if (head.byteLength < 13 || !/^GIF8[79]a$/.test(textAt(head, 0, 6))) return null
  const [width, height] = [head.getUint16(6, true), head.getUint16(8, true)]
  let at = 13 + tableBytes(head.getUint8(10))
  let pictures = 0
  while (at < reader.size) {
    const block = await reader.view(at, 10)
    const kind = block.getUint8(0)
    if (kind === 0x3b) break
    if (kind === 0x21) at = await skipBlocks(reader, at + 2)
    else if (kind === 0x2c && block.byteLength === 10) {
      pictures += 1
      if (pictures === 2) return imageFacts('image/gif', width, height, true)
      at = await skipBlocks(reader, at + 11 + tableBytes(block.getUint8(9)))
    } else return null
  }
  return pictures === 0 ? null : imageFacts('image/gif', width, height)
}

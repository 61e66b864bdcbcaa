import { type FileFacts, imageFacts } from './facts.ts'
import { type Reader, textAt } from './reader.ts'

/** PNG: the first chunk is IHDR with the size; acTL before the picture data makes it animated. */
export const readPng = async (reader: Reader): Promise<FileFacts | null> => {
  const head = await reader.view(0, 24)
  if (head.byteLength < 24 || head.getUint32(0) !== 0x89504e47) return null
  if (head.getUint32(4) !== 0x0d0a1a0a || textAt(head, 12) !== 'IHDR') return null
  const [width, height] = [head.getUint32(16), head.getUint32(20)]
  for (let at = 8; at < reader.size; ) {
    const chunk = await reader.view(at, 8)
    if (chunk.byteLength < 8) return null
    const name = textAt(chunk, 4)
    if (name === 'acTL') return imageFacts('image/png', width, height, true)
    if (name === 'IDAT') return imageFacts('image/png', width, height)
    at += 12 + chunk.getUint32(0)
  }
  return null
}

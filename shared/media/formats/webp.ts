import { type FileFacts, imageFacts } from './facts.ts'
import { type Reader, textAt } from './reader.ts'

const uint24 = (view: DataView, at: number) =>
  view.getUint16(at, true) + view.getUint8(at + 2) * 65_536

/** WebP: lossy (VP8), lossless (VP8L) or extended (VP8X), which says whether it is animated. */
export const readWebp = async (reader: Reader): Promise<FileFacts | null> => {
  const head = await reader.view(0, 30)
  if (head.byteLength < 30 || textAt(head, 0) !== 'RIFF' || textAt(head, 8) !== 'WEBP') return null
  const facts = (width: number, height: number, isAnimated = false) =>
    imageFacts('image/webp', width, height, isAnimated)
  switch (textAt(head, 12)) {
    case 'VP8 ':
      return facts(head.getUint16(26, true) & 0x3fff, head.getUint16(28, true) & 0x3fff)
    case 'VP8L': {
      const bits = head.getUint32(21, true)
      return facts((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
    }
    case 'VP8X':
      return facts(uint24(head, 24) + 1, uint24(head, 27) + 1, (head.getUint8(20) & 0x02) !== 0)
    default:
      return null
  }
}

import { type FileFacts, imageFacts } from './facts.ts'
import type { Reader } from './reader.ts'

/** Markers that begin a frame and so tell its size: SOF0 to SOF15, but for DHT, JPG and DAC. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

/** Markers without a length. */
const isAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)

/** JPEG: a list of segments, each with its length; the frame's header tells the size. */
export const readJpeg = async (reader: Reader): Promise<FileFacts | null> => {
  const head = await reader.view(0, 3)
  if (head.byteLength < 3 || head.getUint16(0) !== 0xffd8 || head.getUint8(2) !== 0xff) return null
  let at = 2
  while (at < reader.size) {
    const segment = await reader.view(at, 9)
    if (segment.byteLength < 4 || segment.getUint8(0) !== 0xff) return null
    const marker = segment.getUint8(1)
    if (marker === 0xff) at += 1
    else if (isAlone(marker)) at += 2
    else if (isFrame(marker)) {
      if (segment.byteLength < 9) return null
      return imageFacts('image/jpeg', segment.getUint16(7), segment.getUint16(5))
    } else if (marker === 0xda || marker === 0xd9) return null
    else at += 2 + segment.getUint16(2)
  }
  return null
}

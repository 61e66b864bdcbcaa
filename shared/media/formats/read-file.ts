import type { FileFacts } from './facts.ts'
import { readGif } from './gif.ts'
import { readJpeg } from './jpeg.ts'
import { readMp4 } from './mp4.ts'
import { readPng } from './png.ts'
import { createReader, type Reader, type ReadRange } from './reader.ts'
import { readWebp } from './webp.ts'

/** No picture is longer; what a header claims beyond it may not even fit the database's columns. */
const LONGEST_SIDE = 65_535

const formats = [readPng, readJpeg, readGif, readWebp, readMp4]

/** A format whose own lengths lead nowhere is a broken file, not a fault of ours. */
const tryFormat = async (format: (reader: Reader) => Promise<FileFacts | null>, reader: Reader) => {
  try {
    return await format(reader)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const hasSize = ({ width, height }: FileFacts): boolean =>
  [width, height].every((side) => side > 0 && side <= LONGEST_SIDE)

/**
 * What a file is, by its bytes alone: PNG, JPEG, GIF, WebP, MP4 or QuickTime; null when it is none of
 * them or broken. Reads only what it needs: headers, and the tables of a video wherever they are.
 */
export const readFile = async (read: ReadRange, size: number): Promise<FileFacts | null> => {
  const reader = createReader(read, size)
  for (const format of formats) {
    const facts = await tryFormat(format, reader)
    if (facts && hasSize(facts)) return facts
  }
  return null
}

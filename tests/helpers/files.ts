import { deflateSync } from 'node:zlib'

/** Small files of every format, made here byte by byte. */

const ascii = (text: string) => Buffer.from(text, 'latin1')
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const u16le = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => {
    bytes.writeUInt16LE(value, index * 2)
  })
  return bytes
}

const crcTable = Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})
const crc32 = (bytes: Buffer) =>
  (bytes.reduce((crc, byte) => (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8), 0xffffffff) ^
    0xffffffff) >>>
  0

const pngChunk = (name: string, content: Buffer) => {
  const body = Buffer.concat([ascii(name), content])
  return Buffer.concat([u32(content.length), body, u32(crc32(body))])
}

/** A picture of one color that any viewer opens. */
export const png = (width: number, height: number, { animated = false, padding = 0 } = {}) => {
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x80)])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', Buffer.concat([u32(width), u32(height), Buffer.from([8, 2, 0, 0, 0])])),
    ...(animated ? [pngChunk('acTL', Buffer.alloc(8))] : []),
    ...(padding ? [pngChunk('tEXt', Buffer.alloc(padding, 0x61))] : []),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

const jpegSegment = (marker: number, content: Buffer) =>
  Buffer.concat([
    Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff]),
    content,
  ])

/** Headers of a JPEG; `exif` bytes lie before the frame's, as a camera's thumbnail does. */
export const jpeg = (width: number, height: number, { exif = 0 } = {}) => {
  const frame = Buffer.alloc(15)
  frame[0] = 8
  frame.writeUInt16BE(height, 1)
  frame.writeUInt16BE(width, 3)
  const blocks = Array.from({ length: Math.ceil(exif / 60_000) }, () =>
    jpegSegment(0xe1, Buffer.alloc(60_000)),
  )
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    jpegSegment(0xe0, Buffer.alloc(14)),
    ...blocks,
    jpegSegment(0xc2, frame),
    jpegSegment(0xda, Buffer.alloc(10)),
    Buffer.from([1, 2, 3, 0xff, 0xd9]),
  ])
}

export const gif = (width: number, height: number, pictures: number) => {
  const picture = Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, 0, 10, 0, 0, 0]),
    Buffer.concat([Buffer.from([0x2c]), u16le(0, 0, width, height), Buffer.from([0])]),
    Buffer.from([2]),
    Buffer.concat([Buffer.from([255]), Buffer.alloc(255, 0x2c), Buffer.from([2, 1, 1, 0])]),
  ])
  return Buffer.concat([
    ascii('GIF89a'),
    u16le(width, height),
    Buffer.from([0x91, 0, 0]),
    Buffer.alloc(12),
    ...Array.from({ length: pictures }, () => picture),
    Buffer.from([0x3b]),
  ])
}

export const webp = (width: number, height: number, { animated = false } = {}) => {
  const content = Buffer.alloc(10)
  content[0] = animated ? 0x02 : 0
  content.writeUIntLE(width - 1, 4, 3)
  content.writeUIntLE(height - 1, 7, 3)
  return Buffer.concat([
    ascii('RIFF'),
    Buffer.from([22, 0, 0, 0]),
    ascii('WEBPVP8X'),
    Buffer.from([10, 0, 0, 0]),
    content,
  ])
}

const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content)
  return Buffer.concat([u32(body.length + 8), ascii(type), body])
}

const track = (
  handler: string,
  codec: string,
  o: { seconds: number; samples: number; size: [number, number] },
) => {
  const tkhd = Buffer.alloc(84)
  tkhd.writeUInt16BE(o.size[0], 76)
  tkhd.writeUInt16BE(o.size[1], 80)
  const mdhd = Buffer.alloc(24)
  mdhd.writeUInt32BE(1000, 12)
  mdhd.writeUInt32BE(Math.round(o.seconds * 1000), 16)
  const stsd = Buffer.concat([u32(0), u32(1), u32(16), ascii(codec), Buffer.alloc(8)])
  const stts = Buffer.concat([u32(0), u32(1), u32(o.samples), u32(1)])
  const stbl = box('stbl', box('stsd', stsd), box('stts', stts))
  const hdlr = Buffer.concat([u32(0), u32(0), ascii(handler), Buffer.alloc(13)])
  const mdia = box('mdia', box('mdhd', mdhd, Buffer.alloc(8)), box('hdlr', hdlr), box('minf', stbl))
  return box('trak', box('tkhd', tkhd), mdia)
}

type Video = {
  seconds?: number
  size?: [number, number]
  fps?: number
  codec?: string
  brand?: string
  /** Bytes of the part without which it would be a list of boxes only. */
  payload?: number
  /** Whether the description comes before the payload. */
  isFastStart?: boolean
}

/** The boxes of a video; its pictures are zeros. */
export const mp4 = (o: Video = {}) => {
  const { seconds = 5, size = [640, 360], fps = 30, codec = 'avc1', payload = 1000 } = o
  const mvhd = Buffer.alloc(100)
  mvhd.writeUInt32BE(600, 12)
  mvhd.writeUInt32BE(Math.round(seconds * 600), 16)
  const moov = box(
    'moov',
    box('mvhd', mvhd),
    track('vide', codec, { seconds, samples: Math.round(seconds * fps), size }),
    track('soun', 'mp4a', { seconds, samples: 10, size: [0, 0] }),
  )
  const mdat = box('mdat', Buffer.alloc(payload))
  const ftyp = box('ftyp', ascii(o.brand ?? 'isom'), u32(0), ascii('isomavc1'))
  return Buffer.concat(o.isFastStart ? [ftyp, moov, mdat] : [ftyp, mdat, moov])
}

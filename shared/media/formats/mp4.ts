import { type Box, boxesIn, findBox } from './boxes.ts'
import type { FileFacts } from './facts.ts'
import { type Reader, textAt } from './reader.ts'

/** Timescale (units a second) and duration of an mvhd or mdhd box, whose version says how wide they are. */
const readClock = async (reader: Reader, box: Box) => {
  const view = await reader.view(box.at, 32)
  if (view.byteLength < 32) return null
  const isWide = view.getUint8(0) === 1
  const scale = view.getUint32(isWide ? 20 : 12)
  const duration = isWide ? Number(view.getBigUint64(24)) : view.getUint32(16)
  return scale === 0 ? null : { scale, seconds: duration / scale }
}

/** Samples of a track: the sum over its table of times. */
const countSamples = async (reader: Reader, table: Box | null): Promise<number> => {
  if (!table) return 0
  const entries = (await reader.view(table.at, 8)).getUint32(4)
  let samples = 0
  for (let index = 0; index < entries && table.at + 8 + index * 8 < table.end; index += 1) {
    samples += (await reader.view(table.at + 8 + index * 8, 8)).getUint32(0)
  }
  return samples
}

/** Any four bytes may stand where a codec is named; people, and the database, read text. */
const codecAt = (view: DataView): string => textAt(view, 12).replaceAll(/[^ -~]/g, '?')

type Track = { handler: string; codec: string; width: number; height: number; frameRate: number }

const readTrack = async (reader: Reader, trak: Box): Promise<Track | null> => {
  const [hdlr, mdhd, tkhd, stsd, stts] = [
    await findBox(reader, trak, 'mdia', 'hdlr'),
    await findBox(reader, trak, 'mdia', 'mdhd'),
    await findBox(reader, trak, 'tkhd'),
    await findBox(reader, trak, 'mdia', 'minf', 'stbl', 'stsd'),
    await findBox(reader, trak, 'mdia', 'minf', 'stbl', 'stts'),
  ]
  if (!hdlr || !mdhd || !tkhd || !stsd) return null
  const clock = await readClock(reader, mdhd)
  // The last eight bytes are width and height, in 16.16 fixed point.
  const size = await reader.view(tkhd.end - 8, 8)
  const samples = await countSamples(reader, stts)
  return {
    handler: textAt(await reader.view(hdlr.at, 12), 8),
    codec: codecAt(await reader.view(stsd.at, 16)),
    width: size.getUint16(0),
    height: size.getUint16(4),
    frameRate: clock && clock.seconds > 0 ? samples / clock.seconds : 0,
  }
}

/** MP4 and QuickTime: a tree of boxes; `moov` describes the tracks, wherever in the file it is. */
export const readMp4 = async (reader: Reader): Promise<FileFacts | null> => {
  const head = await reader.view(0, 12)
  if (head.byteLength < 12 || textAt(head, 4) !== 'ftyp') return null
  const contentType = textAt(head, 8) === 'qt  ' ? 'video/quicktime' : 'video/mp4'
  const file = { type: '', at: 0, end: reader.size }
  const moov = await findBox(reader, file, 'moov')
  const mvhd = moov && (await findBox(reader, moov, 'mvhd'))
  const clock = mvhd && (await readClock(reader, mvhd))
  if (!moov || !clock) return null
  const tracks: Track[] = []
  for await (const box of boxesIn(reader, moov.at, moov.end)) {
    const track = box.type === 'trak' ? await readTrack(reader, box) : null
    if (track) tracks.push(track)
  }
  const video = tracks.find(({ handler }) => handler === 'vide')
  if (!video) return null
  // A film in fragments tells neither its length nor its samples here; the network judges it.
  const isWhole = clock.seconds > 0
  return {
    contentType,
    kind: 'video',
    width: video.width,
    height: video.height,
    durationMs: isWhole ? Math.round(clock.seconds * 1_000) : null,
    frameRate: isWhole ? Math.round(video.frameRate * 100) / 100 : null,
    videoCodec: video.codec,
    audioCodec: tracks.find(({ handler }) => handler === 'soun')?.codec ?? null,
    isAnimated: true,
  }
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFile } from '../../../shared/media/formats/read-file.ts'
import { gif, jpeg, mp4, png, webp } from '../../helpers/files.ts'

/** Reads a file as ranges of it are read from storage, and counts how much of it was needed. */
const inspect = async (file: Buffer) => {
  let read = 0
  const facts = await readFile(async (start, end) => {
    const bytes = new Uint8Array(file.subarray(start, end + 1))
    read += bytes.length
    return bytes
  }, file.length)
  return { facts, read }
}

const image = { kind: 'image', width: 640, height: 480, durationMs: null, isAnimated: false }

const files: [string, Buffer, object][] = [
  ['a PNG', png(640, 480), { ...image, contentType: 'image/png' }],
  ['an animated PNG', png(4, 3, { animated: true }), { kind: 'image', isAnimated: true }],
  ['a JPEG', jpeg(640, 480), { ...image, contentType: 'image/jpeg' }],
  ['a JPEG behind a large thumbnail', jpeg(640, 480, { exif: 200_000 }), image],
  ['a GIF of one picture', gif(640, 480, 1), { ...image, contentType: 'image/gif' }],
  ['a GIF of three', gif(640, 480, 3), { ...image, kind: 'gif', isAnimated: true }],
  ['a WebP', webp(640, 480), { ...image, contentType: 'image/webp' }],
  ['an animated WebP', webp(640, 480, { animated: true }), { ...image, isAnimated: true }],
  [
    'an MP4',
    mp4({ seconds: 12.5, size: [1280, 720], fps: 24 }),
    {
      contentType: 'video/mp4',
      kind: 'video',
      width: 1280,
      height: 720,
      durationMs: 12_500,
      frameRate: 24,
      videoCodec: 'avc1',
      audioCodec: 'mp4a',
    },
  ],
  ['a QuickTime film', mp4({ brand: 'qt  ' }), { contentType: 'video/quicktime', kind: 'video' }],
  ['an MP4 in fragments', mp4({ seconds: 0 }), { durationMs: null, frameRate: null, width: 640 }],
  ['an MP4 whose description comes first', mp4({ isFastStart: true }), { kind: 'video' }],
]

test.each(files)('reads %s', async (_name, file, facts) => {
  expect((await inspect(file)).facts).toMatchObject(facts)
})

/** A PNG that claims to be that wide or high. */
const claiming = (width: number, height: number) => {
  const file = png(1, 1)
  file.writeUInt32BE(width, 16)
  file.writeUInt32BE(height, 20)
  return file
}

test.each([
  [65_535, 1],
  [1, 65_535],
])('reads a PNG of %i × %i', async (width, height) => {
  expect((await inspect(claiming(width, height))).facts).toMatchObject({ width, height })
})

test.each([
  [65_536, 1],
  [1, 65_536],
  [2 ** 31, 1],
  [2 ** 32 - 1, 2 ** 32 - 1],
])('takes a PNG that claims %i × %i for broken', async (width, height) => {
  expect((await inspect(claiming(width, height))).facts).toBeNull()
})

test('names a codec in text that can be shown and kept, whatever bytes are there', async () => {
  const { facts } = await inspect(mp4({ codec: 'a\0\u00ff1' }))
  expect(facts).toMatchObject({ videoCodec: 'a??1' })
})

test('of a large video only its description is read', async () => {
  const { facts, read } = await inspect(mp4({ payload: 20_000_000 }))
  expect(facts).toMatchObject({ durationMs: 5_000 })
  expect(read).toBeLessThan(200_000)
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['half a PNG', png(640, 480).subarray(0, 30)],
  ['a JPEG that ends before its frame', jpeg(640, 480).subarray(0, 25)],
  ['an MP4 without a description', mp4().subarray(0, 900)],
])('knows no format in %s', async (_name, file) => {
  expect((await inspect(file)).facts).toBeNull()
})

test('a file of parts far apart is given up after some of them, and is no video', async () => {
  const [size, apart] = [512 * 1024 * 1024, 70_000]
  const header = (bytes: number, type: string) => {
    const box = Buffer.alloc(16)
    box.writeUInt32BE(bytes)
    box.write(type, 4, 'latin1')
    return box
  }
  let loads = 0
  const facts = await readFile(async (start, end) => {
    loads += 1
    const bytes = Buffer.alloc(end + 1 - start)
    if (start === 0) header(16, 'ftyp').copy(bytes)
    for (let at = 16 + Math.ceil((start - 16) / apart) * apart; at < end; at += apart) {
      header(apart, 'free').copy(bytes, at - start)
    }
    return new Uint8Array(bytes)
  }, size)
  expect(facts).toBeNull()
  expect(loads).toBeGreaterThan(400)
  expect(loads).toBeLessThan(600)
})

test('no bytes make it fail, or read for ever', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files.map(([, file]) => file)),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 12 }),
      async (file, changes) => {
        const broken = Buffer.from(file)
        for (const [at, byte] of changes) if (at < broken.length) broken[at] = byte
        await inspect(broken)
      },
    ),
    { numRuns: 300 },
  ))

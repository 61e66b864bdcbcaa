import { expect, test } from 'vitest'
import type { KnownFile } from '../../../shared/networks/network.ts'
import { mediaLimits } from '../../../shared/x/media-limits.ts'

const photo: KnownFile = {
  kind: 'photo',
  contentType: 'image/png',
  bytes: 1000,
  isAnimated: false,
  durationMs: null,
  frameRate: null,
  videoCodec: null,
  audioCodec: null,
}
const video: KnownFile = {
  ...photo,
  kind: 'video',
  contentType: 'video/mp4',
  isAnimated: true,
  durationMs: 10_000,
  frameRate: 30,
  videoCodec: 'avc1',
  audioCodec: 'mp4a',
}
const gif: KnownFile = { ...photo, kind: 'gif', contentType: 'image/gif', isAnimated: true }
const MB = 1_048_576

const slugsOf = (file: KnownFile) => mediaLimits.checkFile(file).map(({ slug }) => slug)

test.each([
  ['a photo', photo, []],
  ['a photo of 5 MB', { ...photo, bytes: 5 * MB }, []],
  ['a photo above', { ...photo, bytes: 5 * MB + 1 }, ['media-too-large']],
  ['an animated PNG', { ...photo, isAnimated: true }, ['media-animated']],
  ['a GIF of 15 MB', { ...gif, bytes: 15 * MB }, []],
  ['a GIF above', { ...gif, bytes: 15 * MB + 1 }, ['media-too-large']],
  [
    'a still GIF above 5 MB',
    { ...gif, kind: 'photo' as const, isAnimated: false, bytes: 6 * MB },
    ['media-too-large'],
  ],
  ['a video', video, []],
  ['a silent video', { ...video, audioCodec: null }, []],
  ['a video of 512 MB', { ...video, bytes: 512 * MB }, []],
  ['a video above', { ...video, bytes: 512 * MB + 1 }, ['media-too-large']],
  ['140 seconds', { ...video, durationMs: 140_000 }, []],
  ['longer', { ...video, durationMs: 140_001 }, ['media-duration']],
  ['shorter than half a second', { ...video, durationMs: 499 }, ['media-duration']],
  ['a recording at 60 frames a second', { ...video, frameRate: 60.08 }, []],
  ['60.5 frames a second', { ...video, frameRate: 60.5 }, []],
  ['more frames than that', { ...video, frameRate: 60.51 }, ['media-frame-rate']],
  ['61 frames a second', { ...video, frameRate: 61 }, ['media-frame-rate']],
  ['H.265', { ...video, videoCodec: 'hvc1' }, ['media-codec']],
  ['AC-3', { ...video, audioCodec: 'ac-3' }, ['media-codec']],
])('judges %s', (_name, file, slugs) => {
  expect(slugsOf(file)).toEqual(slugs)
})

test.each([
  [['photo', 'photo', 'photo', 'photo'], []],
  [['gif'], []],
  [['video'], []],
  [[], []],
  [['photo', 'photo', 'photo', 'photo', 'photo'], ['media-too-many']],
  [['photo', 'gif'], ['media-mixed']],
  [['video', 'video'], ['media-mixed']],
] as const)('judges %s together', (kinds, slugs) => {
  expect(mediaLimits.checkSet([...kinds]).map(({ slug }) => slug)).toEqual(slugs)
})

test('every issue says what to do', () => {
  const bad = { ...video, bytes: 600 * MB, durationMs: 1, frameRate: 100, videoCodec: 'vp09' }
  for (const { detail, remedy } of mediaLimits.checkFile(bad)) {
    expect(detail).toMatch(/\.$/)
    expect(remedy).toMatch(/\.$/)
  }
})

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Answered, MediaState } from '../../../shared/networks/network.ts'
import type { Failure } from '../../../shared/networks/outcome.ts'
import { type OpenSandbox, openSandbox } from '../../helpers/open-sandbox.ts'
import { until } from '../../helpers/until.ts'

let sandbox: OpenSandbox
let token: string
beforeAll(async () => {
  sandbox = await openSandbox()
})
beforeEach(async () => {
  await sandbox.set('reset', {})
  token = (await sandbox.token('demo')).access_token
})
afterAll(() => sandbox.close())

const x = () => sandbox.client()
const bytes = (length: number, fill = 7) => new Uint8Array(length).fill(fill)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

const begin = async (kind: 'photo' | 'gif' | 'video', length: number, contentType: string) => {
  const begun = await x().media.begin(token, { kind, contentType, bytes: length })
  if (begun.kind !== 'begun') throw new Error(begun.detail)
  return begun.remoteId
}

/** Uploads `chunks` as one file and returns its id with how X took it. */
const upload = async (kind: 'photo' | 'video', type: string, chunks: Uint8Array[]) => {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const remoteId = await begin(kind, total, type)
  for (const [index, chunk] of chunks.entries()) {
    const chunkBytes = new Uint8Array(chunk)
    expect(await x().media.append(token, { remoteId, index, bytes: chunkBytes })).toMatchObject({
      kind: 'appended',
    })
  }
  return { remoteId, finished: await x().media.finish(token, remoteId) }
}

type Known = { media: { chunks: { size: number; sha256: string }[]; alt_text: string | null }[] }

test('every byte of a file arrives, and a chunk that comes again does no harm', async () => {
  const chunks = [bytes(5000, 1), bytes(5000, 2), bytes(77, 3)]
  const remoteId = await begin('photo', 10_077, 'image/png')
  for (const [index, chunk] of [...chunks.entries(), [1, chunks[1]] as const]) {
    await x().media.append(token, { remoteId, index, bytes: chunk as Uint8Array<ArrayBuffer> })
  }
  expect(await x().media.finish(token, remoteId)).toMatchObject({ kind: 'usable' })

  const { media } = await sandbox.get<Known>('media')
  expect(media[0]?.chunks).toEqual(
    chunks.map((chunk) => ({ size: chunk.length, sha256: sha256(chunk) })),
  )
})

test('a post shows its media, described, and the timeline tells of them', async () => {
  const { remoteId } = await upload('photo', 'image/png', [bytes(10)])
  await x().media.describe(token, remoteId, 'a cat')
  const sent = await x().publish(token, { text: '', mediaIds: [remoteId] })
  expect(sent).toMatchObject({ kind: 'accepted' })

  const query = { remoteUserId: '1000000000000000001', since: new Date(Date.now() - 60_000) }
  const seen = await x().timeline(token, query)
  if (seen.kind !== 'timeline') throw new Error(seen.detail)
  expect(seen.items).toMatchObject([
    { text: '', media: [{ kind: 'photo', remoteId, alt: 'a cat' }] },
  ])
  const segment = {
    text: '',
    replyTo: null,
    media: [{ kind: 'photo' as const, remoteIds: [remoteId] }],
  }
  expect(seen.items.map((item) => x().match(segment, item))).toEqual(['certain'])
})

test('a video is processed for a while', async () => {
  await sandbox.set('media', { processing_ms: 300 })
  const { remoteId, finished } = await upload('video', 'video/mp4', [bytes(100)])
  expect(finished).toMatchObject({ kind: 'processing', checkAfterMs: 1_000 })
  expect(await x().publish(token, { text: 'too early', mediaIds: [remoteId] })).toMatchObject({
    kind: 'refused',
    slug: 'media-gone',
  })
  const state = await until<Answered<MediaState | Failure> | false>('it is processed', async () => {
    const asked = await x().media.state(token, remoteId)
    return asked.kind === 'usable' && asked
  })
  expect(state).toMatchObject({ kind: 'usable' })
})

test('processing that fails is a refusal with what to do; a fault of X is not', async () => {
  await sandbox.set('media', { processing_ms: 0, processing_error: 'Unsupported codec' })
  const bad = await upload('video', 'video/mp4', [bytes(100)])
  expect(bad.finished).toMatchObject({
    kind: 'refused',
    slug: 'media-processing-failed',
    detail: 'Unsupported codec',
    who: 'author',
  })
  await sandbox.set('media', { processing_error: 'Internal error' })
  const broken = await upload('video', 'video/mp4', [bytes(100)])
  expect(broken.finished).toMatchObject({ kind: 'retry', slug: 'media-processing-broke' })
})

test('an upload that expired, or is not theirs, is gone', async () => {
  await sandbox.set('media', { expires_after_secs: 1 })
  const { remoteId } = await upload('photo', 'image/png', [bytes(10)])
  await sandbox.set('clock', { offset_ms: 2_000 })
  const late = await x().publish(token, { text: 'late', mediaIds: [remoteId] })
  expect(late).toMatchObject({ kind: 'refused', slug: 'media-gone' })

  await sandbox.set('clock', { offset_ms: 0 })
  token = (await sandbox.token('alice')).access_token
  const foreign = await x().publish(token, { text: 'mine', mediaIds: [remoteId] })
  expect(foreign).toMatchObject({ kind: 'refused', slug: 'media-gone' })
  const unknown = await x().media.append(token, { remoteId: '5', index: 0, bytes: bytes(1) })
  expect(unknown).toMatchObject({ kind: 'refused', slug: 'media-gone' })
})

test('what X does not take is a refusal', async () => {
  const large = { kind: 'photo', contentType: 'image/png', bytes: 6_000_000 } as const
  expect(await x().media.begin(token, large)).toMatchObject({
    kind: 'refused',
    slug: 'media-refused',
  })
  const remoteId = await begin('photo', 10, 'image/png')
  await x().media.append(token, { remoteId, index: 0, bytes: bytes(9) })
  expect(await x().media.finish(token, remoteId)).toMatchObject({ kind: 'refused' })
})

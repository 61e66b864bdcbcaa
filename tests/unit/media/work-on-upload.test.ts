import { expect, test } from 'vitest'
import { createSpending } from '../../../shared/media/spending.ts'
import type { Upload } from '../../../shared/media/uploads.ts'
import { workOnUpload } from '../../../shared/media/work-on-upload.ts'
import type { Network } from '../../../shared/networks/network.ts'
import type { FailureKind } from '../../../shared/networks/outcome.ts'
import { after, fakeWorker } from '../../helpers/fake-worker.ts'

const CHUNK = 10
const upload = (changes: Partial<Upload> = {}): Upload => ({
  media_id: 'm',
  account_id: 'a',
  workspace_id: 'w',
  lease_id: 'l',
  state: 'waiting',
  remote_id: null,
  next_chunk: 0,
  restarts: 0,
  object_key: 'media/w/m',
  etag: 'e',
  kind: 'image',
  content_type: 'image/png',
  bytes: 25,
  alt_text: null,
  encrypted_tokens: '',
  tokens_expire_at: '',
  tokens_version: 1,
  ...changes,
})

const failure = (kind: FailureKind, slug: string) =>
  ({
    kind,
    slug,
    detail: 'd',
    who: 'provider',
    remedy: 'r',
    after: null,
    scope: 'account',
  }) as const

type Answers = Partial<Record<'begin' | 'append' | 'finish' | 'state' | 'describe', object>>

/** A network that says yes unless told otherwise, a store, and a database that keeps the lease. */
const stage = (answers: Answers = {}, { kept = true, etag = 'e' } = {}) => {
  const asked: string[] = []
  const worker = fakeWorker({ save_media_upload: () => ({ kept }) })
  const say = (name: keyof Answers, usual: object) => async (_token: string, input: unknown) => {
    const index = (input as { index?: number }).index
    asked.push(index === undefined ? name : `${name} ${index}`)
    return { rates: [], ...(answers[name] ?? usual) }
  }
  const expiresAt = new Date('2026-11-23T12:00:00Z')
  const media = {
    chunkBytes: CHUNK,
    begin: say('begin', { kind: 'begun', remoteId: '7', expiresAt }),
    append: say('append', { kind: 'appended' }),
    finish: say('finish', { kind: 'usable', expiresAt }),
    state: say('state', { kind: 'usable', expiresAt }),
    describe: say('describe', { kind: 'described' }),
  } as unknown as Network['media']
  const reads: string[] = []
  const store = {
    read: async (_key: string, { start, end }: { start: number; end: number }) => {
      reads.push(`${start}-${end}`)
      return { bytes: new Uint8Array(end - start + 1), etag }
    },
  }
  const sending = {
    network: { media },
    store,
    spending: createSpending(worker.deps),
    accessToken: 't',
  }
  const run = (of: Upload) => workOnUpload(worker.deps, sending, of)
  const { calls, announceEnd } = worker
  return { run, asked, reads, calls, announceEnd, spending: sending.spending }
}

test('every chunk goes once, in order, and is saved before the next', async () => {
  const { run, asked, reads, calls } = stage()
  expect(await run(upload())).toEqual({ state: 'ready', expires_at: '2026-11-23T12:00:00.000Z' })
  expect(asked).toEqual(['begin', 'append 0', 'append 1', 'append 2', 'finish'])
  expect(reads).toEqual(['0-9', '10-19', '20-24'])
  expect(calls.map(({ args }) => (args.p_progress as { next_chunk: number }).next_chunk)).toEqual([
    0, 1, 2, 3,
  ])
})

test('an upload that was begun goes on at the first missing chunk', async () => {
  const { run, asked } = stage()
  await run(upload({ remote_id: '7', next_chunk: 2 }))
  expect(asked).toEqual(['append 2', 'finish'])
})

test('an upload is left where it is once the platform announces the end', async () => {
  const { run, asked, announceEnd } = stage()
  announceEnd()
  expect(await run(upload({ remote_id: '7', next_chunk: 1 }))).toEqual({})
  expect(asked).toEqual([])
})

test('an upload whose lease was lost is left alone', async () => {
  const { run, asked } = stage({}, { kept: false })
  expect(await run(upload({ remote_id: '7' }))).toBe('lost')
  expect(asked).toEqual(['append 0'])
})

test('processing is asked about once, not waited for', async () => {
  const processing = { kind: 'processing', checkAfterMs: 3_000, expiresAt: null }
  const { run, asked } = stage({ state: processing })
  const ending = await run(upload({ state: 'processing', remote_id: '7' }))
  expect(ending).toEqual({ state: 'processing', after_ms: 3_000 })
  expect(asked).toEqual(['state'])
})

test('a picture is described before it counts as ready, a video is not', async () => {
  const picture = stage()
  await picture.run(upload({ alt_text: 'a cat' }))
  expect(picture.asked.at(-1)).toBe('describe')
  const video = stage()
  await video.run(upload({ alt_text: 'a cat', kind: 'video' }))
  expect(video.asked).not.toContain('describe')
})

test('a file that was replaced after it was checked is not sent', async () => {
  const { run, asked } = stage({}, { etag: 'another' })
  expect(await run(upload({ remote_id: '7' }))).toMatchObject({
    failed: { slug: 'media-replaced' },
  })
  expect(asked).toEqual([])
})

test('an isolate that has spent its CPU leaves the rest, but never before a first chunk', async () => {
  const { run, asked, spending } = stage()
  spending.carry(2_000 * 1_048_576)
  spending.startRun()
  expect(spending.mayGoOn()).toBe(true)
  spending.carry(2_000 * 1_048_576)
  expect(await run(upload({ remote_id: '7', next_chunk: 1 }))).toEqual({})
  expect(asked).toEqual([])
})

test.each([
  [
    'a refused file fails',
    failure('refused', 'media-refused'),
    { remote_id: null },
    ['failed', undefined],
  ],
  [
    'one that another worker began, and of which X takes not even the first chunk, begins anew',
    failure('refused', 'media-refused'),
    {},
    ['later', true],
  ],
  ['a forgotten upload begins anew', failure('refused', 'media-gone'), {}, ['later', true]],
  [
    'one forgotten again and again fails',
    failure('refused', 'media-gone'),
    { restarts: 3 },
    ['failed', undefined],
  ],
  ['a lost answer is tried again', failure('unknown', 'timeout'), {}, ['later', undefined]],
  [
    'an app without credits waits',
    failure('app_blocked', 'credits-depleted'),
    {},
    ['later', undefined],
  ],
])('%s', async (_name, append, changes, [ending, restart]) => {
  const { run } = stage({ append })
  const left = await run(upload({ remote_id: '7', ...changes }))
  expect(Object.keys(left)).toContain(ending)
  expect((left as { restart?: boolean }).restart).toBe(restart)
})

test('an app that X refuses is stopped as a post of it would stop it', async () => {
  const { run } = stage({ append: failure('app_blocked', 'credits-depleted') })
  const ending = await run(upload({ remote_id: '7' }))
  const until = after(300_000).toISOString()
  expect(ending).toMatchObject({
    later: { slug: 'credits-depleted' },
    after_ms: 300_000,
    block_app_until: until,
  })
})

test('a file that uploading from the start does not help is to be uploaded anew by its author', async () => {
  const { run } = stage({ append: failure('refused', 'media-gone') })
  expect(await run(upload({ remote_id: '7', restarts: 3 }))).toMatchObject({
    failed: { who: 'author', remedy: expect.stringContaining('POST /media') },
  })
})

test('what another worker began and the network refuses is uploaded anew before the file is blamed', async () => {
  const refused = failure('refused', 'invalid-request')
  const resumed = await stage({ finish: refused }).run(upload({ remote_id: '7', next_chunk: 3 }))
  expect(resumed).toMatchObject({ restart: true })
  const fresh = await stage({ finish: refused }).run(upload())
  expect(fresh).toMatchObject({ failed: { slug: 'invalid-request' } })
  const file = failure('refused', 'media-processing-failed')
  const processed = await stage({ state: file }).run(
    upload({ state: 'processing', remote_id: '7' }),
  )
  expect(processed).toMatchObject({ failed: { slug: 'media-processing-failed' } })
})

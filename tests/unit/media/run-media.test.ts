import { expect, test } from 'vitest'
import { runMedia } from '../../../shared/media/run-media.ts'
import { createSpending } from '../../../shared/media/spending.ts'
import type { Upload } from '../../../shared/media/uploads.ts'
import { fakeNetwork, fakeWorker, tokenHolder } from '../../helpers/fake-worker.ts'

const CHUNK = 10

/** A media function with uploads to do, on a network that lets a test decide when each is begun. */
const stage = async (sizes: number[]) => {
  const holder = await tokenHolder()
  const waiting = sizes.map((bytes, index) => ({
    ...holder,
    media_id: `m${index}`,
    lease_id: 'l',
    state: 'waiting',
    remote_id: null,
    next_chunk: 0,
    restarts: 0,
    object_key: 'media/w/m',
    etag: 'e',
    kind: 'image',
    content_type: 'image/png',
    bytes,
    alt_text: null,
  })) as Upload[]
  const asked: { p_limit: number; p_room: number; p_most: number }[] = []
  const begun: (() => void)[] = []
  const worker = fakeWorker({
    claim_media_uploads: (args) => {
      asked.push(args as (typeof asked)[number])
      return waiting.splice(0, (args.p_room as number) > 0 ? (args.p_limit as number) : 0)
    },
    save_media_upload: () => ({ kept: true }),
  })
  const fetch: typeof worker.deps.fetch = async (_url, init) => {
    const range = new Headers(init?.headers).get('range') ?? ''
    const [start = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number)
    const headers = { etag: 'e', 'content-length': String(end - start + 1) }
    return new Response(new Uint8Array(end - start + 1), { headers })
  }
  const media = {
    chunkBytes: CHUNK,
    begin: () =>
      new Promise((resolve) => {
        begun.push(() => resolve({ kind: 'begun', remoteId: '7', expiresAt: null, rates: [] }))
      }),
    append: async () => ({ kind: 'appended', rates: [] }),
    finish: async () => ({ kind: 'usable', expiresAt: null, rates: [] }),
  }
  // It waits for ever, so that only an upload that ends lets the function go on.
  const deps = { ...worker.deps, fetch, sleep: () => new Promise<void>(() => {}) }
  const network = fakeNetwork({ media: media as never })
  const running = runMedia(deps, network, createSpending(worker.deps))
  return { asked, begun, running, settled: () => worker.callsOf('settle_media_upload').length }
}

/** Tokens are decrypted by other threads, whose turns nobody can count. */
/** Whatever it takes: one that never comes is ended by the test's own limit. */
const turns = async (holds: () => boolean) => {
  while (!holds()) await new Promise(setImmediate)
}

test('sixteen small files are carried at once, and whoever is done makes room for the next', async () => {
  const { asked, begun, running, settled } = await stage(Array(17).fill(1))
  await turns(() => begun.length === 16)
  expect(asked).toMatchObject([{ p_limit: 16, p_room: 60, p_most: 20 }])

  begun[3]?.()
  await turns(() => begun.length === 17)
  expect(asked[1]).toMatchObject({ p_limit: 1, p_room: 45 })

  for (const begin of begun) begin()
  await running
  expect(settled()).toBe(17)
})

test('large files are asked for only as far as memory has room', async () => {
  const { asked, begun, running, settled } = await stage([1_000, 1_000, 15])
  await turns(() => begun.length === 3)
  begun[2]?.()
  await turns(() => asked.length === 2)
  expect(asked[1]).toMatchObject({ p_limit: 14, p_room: 20, p_most: 20 })

  for (const begin of begun) begin()
  await running
  expect(settled()).toBe(3)
})

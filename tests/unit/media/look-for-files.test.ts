import { expect, test } from 'vitest'
import { lookForFiles } from '../../../shared/media/look-for-files.ts'
import type { MediaRow } from '../../../shared/media/media.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'
import { png } from '../../helpers/files.ts'

const FILE = png(320, 200)
const LOOKED_AT = '2026-11-22T14:00:00Z'

const awaited = (id: string, is_last_look = false) => ({
  ...{ id, workspace_id: 'w', user_id: null, file_name: 'a.png', content_type: 'image/png' },
  ...{ bytes: FILE.length, kind: 'image' as const, width: null, height: null, duration_ms: null },
  ...{ alt_text: null, status: 'uploading' as const, rejection: null, etag: null, version: 1 },
  ...{ created_at: '2026-11-22T12:00:00Z', ready_at: null, looked_at: LOOKED_AT, is_last_look },
})

/** Storage that has the files of some media, and breaks for others. */
const stage = (rounds: object[][], has: string[] = [], breaks: string[] = []) => {
  const worker = fakeWorker({
    claim_media_looks: () => rounds.shift() ?? [],
    record_media: ({ p_media_id, p_findings }): Partial<MediaRow> => ({
      id: String(p_media_id),
      status: 'rejection' in (p_findings as object) ? 'rejected' : 'ready',
    }),
    give_up_media: () => ({ given_up: true }),
  })
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    const id = new URL(request.url).pathname.split('/').at(-1) ?? ''
    if (breaks.includes(id)) throw new TypeError('connection refused')
    if (!has.includes(id)) return new Response(null, { status: 404 })
    const etag = { etag: '"e"', 'content-length': String(FILE.length) }
    if (request.method === 'HEAD') return new Response(null, { headers: etag })
    const [start, end] = /(\d+)-(\d+)/.exec(request.headers.get('range') ?? '')?.slice(1) ?? []
    const part = FILE.slice(Number(start), Number(end) + 1)
    const headers = { etag: '"e"', 'content-length': String(part.length) }
    return new Response(part, { status: 206, headers })
  }
  const run = () => lookForFiles({ ...worker.deps, fetch: fetch as typeof globalThis.fetch })
  return { run, ...worker }
}

const idsOf = (calls: Record<string, unknown>[]) => calls.map(({ p_media_id }) => p_media_id)

test('a file that has come is read and recorded, without anybody asking for it', async () => {
  const { run, callsOf } = stage([[awaited('a'), awaited('b')]], ['a'])
  await run()
  expect(callsOf('record_media')).toMatchObject([
    { p_media_id: 'a', p_findings: { kind: 'image', width: 320, height: 200, etag: 'e' } },
  ])
  expect(callsOf('give_up_media')).toEqual([])
})

test('only what is not there at the last look is given up', async () => {
  const { run, callsOf } = stage([[awaited('a', true), awaited('b', true), awaited('c')]], ['a'])
  await run()
  expect(idsOf(callsOf('record_media'))).toEqual(['a'])
  expect(callsOf('give_up_media')).toEqual([{ p_media_id: 'b', p_looked_at: LOOKED_AT }])
})

test('storage that does not answer proves nothing, and keeps nobody else waiting', async () => {
  const { run, callsOf, logs } = stage([[awaited('a', true), awaited('b')]], ['b'], ['a'])
  await run()
  expect(callsOf('give_up_media')).toEqual([])
  expect(idsOf(callsOf('record_media'))).toEqual(['b'])
  expect(logs).toContainEqual(expect.objectContaining({ level: 'warn', media_id: 'a' }))
})

test('a crowd of them is looked for round by round', async () => {
  const crowd = Array.from({ length: 20 }, (_, index) => awaited(`m${index}`))
  const { run, callsOf } = stage([crowd, [awaited('last')]], ['last'])
  await run()
  expect(callsOf('claim_media_looks')).toHaveLength(2)
  expect(idsOf(callsOf('record_media'))).toEqual(['last'])
})

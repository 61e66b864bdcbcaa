import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseEnv } from '../../../shared/env.ts'
import { type MediaRow, objectKey } from '../../../shared/media/media.ts'
import { showMedia, showMedium } from '../../../shared/media/show-media.ts'
import { VARIABLES } from '../../helpers/fake-api.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'
import { png } from '../../helpers/files.ts'
import { CREDENTIALS, startObjectStorage } from '../../helpers/object-storage.ts'
import { POST as MEDIUM, ACCOUNT as OTHER, WORKSPACE } from '../../helpers/samples.ts'

const FILE = png(320, 200)
const MINUTE = 60_000

const medium = (changes: Partial<MediaRow> = {}): MediaRow => ({
  ...{ id: MEDIUM, workspace_id: WORKSPACE, user_id: null, file_name: 'a.png' },
  ...{ content_type: 'image/png', bytes: FILE.length, kind: 'image', width: 320, height: 200 },
  ...{ duration_ms: null, alt_text: null, status: 'ready', rejection: null, etag: 'e' },
  ...{ created_at: '2026-11-22T12:00:00Z', ready_at: '2026-11-22T12:00:01Z', version: 1 },
  ...changes,
})

let storage: Awaited<ReturnType<typeof startObjectStorage>>
beforeAll(async () => {
  storage = await startObjectStorage()
  await storage.createBucket(VARIABLES.S3_BUCKET)
  const headers = { 'content-type': 'image/png' }
  for (const id of [MEDIUM, OTHER]) {
    const path = `/${VARIABLES.S3_BUCKET}/${objectKey(medium({ id }))}`
    const put = await storage.send(path, { method: 'PUT', body: FILE, headers })
    expect(put.status).toBe(200)
  }
})
afterAll(() => storage.close())

/** Whoever makes the addresses, at a time on the clock of object storage. */
const at = (
  time: number,
  env: Partial<typeof VARIABLES> & { S3_PUBLIC_ENDPOINT?: string } = {},
) => ({
  ...fakeWorker().deps,
  now: () => new Date(time),
  env: parseEnv({
    ...VARIABLES,
    S3_ENDPOINT: storage.endpoint,
    S3_REGION: CREDENTIALS.region,
    S3_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    S3_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...env,
  }),
})

const viewAt = async (time: number, row = medium()) => {
  const { view } = await showMedium(at(time), row)
  if (!view) throw new Error('It is shown nowhere.')
  return view
}

/** What storage answers at a time to who opens the address. */
const open = async (url: string, time = Date.now(), init: RequestInit = {}) => {
  storage.clock.offsetMs = time - Date.now()
  return fetch(url, init)
}

test('a medium that is ready is seen where its view says, as the type it has, by whoever has the address', async () => {
  const { url } = await viewAt(Date.now())
  const answer = await open(url)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array(FILE))
})

test('the address works until the time it is said to, and no longer', async () => {
  const now = Date.now()
  const { url, expires_at } = await viewAt(now)
  const end = Date.parse(expires_at)
  expect(end - now).toBeGreaterThanOrEqual(45 * MINUTE)
  expect(end - now).toBeLessThanOrEqual(60 * MINUTE)
  expect((await open(url, end - 2_000)).status).toBe(200)
  expect((await open(url, end + 2_000)).status).toBe(403)
})

test('the address opens this file alone, and changes nothing', async () => {
  const { url } = await viewAt(Date.now())
  expect((await open(url.replace(MEDIUM, OTHER))).status).toBe(403)
  for (const method of ['PUT', 'DELETE']) {
    expect((await open(url, Date.now(), { method })).status).toBe(403)
  }
  expect((await open(url)).status).toBe(200)
})

test('browsers may keep a picture: its address stays the same for a quarter of an hour', async () => {
  const quarter = Math.ceil(Date.now() / (15 * MINUTE)) * 15 * MINUTE
  const first = await viewAt(quarter)
  expect(await viewAt(quarter + 15 * MINUTE - 1)).toEqual(first)
  expect((await viewAt(quarter + 15 * MINUTE)).url).not.toBe(first.url)
  expect((await viewAt(quarter, medium({ id: OTHER }))).url).not.toBe(first.url)
})

test('addresses are signed for where clients reach storage', async () => {
  const deps = at(Date.now(), { S3_PUBLIC_ENDPOINT: 'https://files.example.com/s3' })
  const { view } = await showMedium(deps, medium())
  expect(view?.url).toMatch(`https://files.example.com/s3/myposts/${objectKey(medium())}?`)
})

test('what has not come, or was rejected, is seen nowhere', async () => {
  const rows = [medium({ status: 'uploading' }), medium(), medium({ status: 'rejected' })]
  const shown = await showMedia(at(Date.now()), rows)
  expect(shown.map(({ view }) => view !== null)).toEqual([false, true, false])
})

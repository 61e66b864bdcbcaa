import { expect, test } from 'vitest'
import { Problem } from '../../../shared/http/problem.ts'
import type { MediaRow } from '../../../shared/media/media.ts'
import { settleUpload } from '../../../shared/media/settle-upload.ts'
import { rulesOf } from '../../../shared/networks/rules-of.ts'
import { fakeApi } from '../../helpers/fake-api.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'
import { png } from '../../helpers/files.ts'
import { ACCOUNT, POST, reviewOf, WORKSPACE } from '../../helpers/samples.ts'

const FILE = png(320, 200)
const MEDIUM = '0193a3c0-0000-7000-8000-0000000000d1'

const awaited: MediaRow = {
  ...{ id: MEDIUM, workspace_id: WORKSPACE, user_id: null, file_name: 'a.png' },
  ...{ content_type: 'image/png', bytes: FILE.length, kind: 'image', width: null, height: null },
  ...{ duration_ms: null, alt_text: null, status: 'uploading', rejection: null, etag: null },
  ...{ created_at: '2026-11-22T12:00:00Z', ready_at: null, version: 1 },
}

type Answer = () => Response
const file: Answer = () =>
  new Response(FILE, { headers: { etag: '"e"', 'content-length': String(FILE.length) } })
const broken: Answer = () => {
  throw new TypeError('connection refused')
}
const timedOut: Answer = () => {
  throw new DOMException('The operation timed out.', 'TimeoutError')
}
const refusing = (status: number) => () => new Response(null, { status })

/** What comes of a look when storage answers the question for the file, and for its bytes, like this. */
const settle = (head: Answer, read: Answer, record: () => unknown = () => ({})) => {
  const { deps, callsOf } = fakeWorker({ record_media: record })
  const fetch = async (_url: RequestInfo | URL, init?: RequestInit) =>
    init?.method === 'HEAD' ? head() : read()
  const settled = settleUpload({ ...deps, fetch: fetch as typeof globalThis.fetch }, rules, awaited)
  return { settled, callsOf }
}
const rules = rulesOf('x')

test.each([
  ['cannot be reached', broken, file],
  ['does not answer in time', timedOut, file],
  ['answers 503', refusing(503), file],
  ['refuses our keys', refusing(403), file],
  ['breaks off while the file is read', file, broken],
  ['answers 503 while the file is read', file, refusing(503)],
])('storage that %s is no fault of the file: 503, to be tried again', async (_what, head, read) => {
  const { settled, callsOf } = settle(head, read)
  await expect(settled).rejects.toMatchObject({
    status: 503,
    slug: 'storage-unavailable',
    extra: { retry_after_seconds: 5 },
    cause: expect.any(Error),
  })
  expect(callsOf('record_media')).toEqual([])
})

test('what the database says of a file that has come is not blamed on storage', async () => {
  const refusal = new Problem(503, 'unavailable', 'The database cannot answer right now.')
  const { settled } = settle(file, file, () => Promise.reject(refusal))
  await expect(settled).rejects.toBe(refusal)
})

test.each([
  ['GET', `/media/${MEDIUM}`, undefined],
  ['POST', '/posts', { account_id: ACCOUNT, content: 'a', media_ids: [MEDIUM] }],
  ['POST', '/posts/validate', { account_id: ACCOUNT, content: 'a', media_ids: [MEDIUM] }],
  ['PATCH', `/posts/${POST}`, { content: 'a', media_ids: [MEDIUM] }],
  ['POST', `/posts/${POST}/schedule`, { scheduled_at: 'now' }],
  ['POST', `/posts/${POST}/publish`, undefined],
  ['POST', `/posts/${POST}/retry`, undefined],
  ['POST', `/posts/${POST}/resume`, undefined],
])('%s %s writes nothing while storage is down, and says so', async (method, path, body) => {
  const { call, calls } = fakeApi({
    media: () => [awaited],
    'rpc/review_post': reviewOf({ media: [awaited] }),
    [`/storage/v1/s3/myposts/media/${WORKSPACE}/${MEDIUM}`]: broken,
  })
  const answer = await call(method, path, { body })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/#storage-unavailable$/),
    remedy: expect.stringContaining('Nothing was changed'),
  })
  const reads = ['media', 'rpc/review_post', `/storage/v1/s3/myposts/media/${WORKSPACE}/${MEDIUM}`]
  expect(calls.map(({ name }) => name).filter((name) => !reads.includes(name))).toEqual([])
})

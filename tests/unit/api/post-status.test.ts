import { expect, test } from 'vitest'
import { fakeApi, refused } from '../../helpers/fake-api.ts'
import { POST, postRow, reviewOf } from '../../helpers/samples.ts'

const at = '2026-12-24T09:00:00+01:00'

test('schedules at an instant, at the version the caller read', async () => {
  const { call, calls } = fakeApi({
    'rpc/review_post': reviewOf(),
    'rpc/schedule_post': () => postRow({ status: 'scheduled', scheduled_at: at, version: 4 }),
  })
  const { status, headers } = await call('POST', `/posts/${POST}/schedule`, {
    body: { scheduled_at: at },
    headers: { 'if-match': '"3"' },
  })
  expect(status).toBe(200)
  expect(headers.get('etag')).toBe('"4"')
  expect(calls.at(-1)?.args).toEqual({
    p_post_id: POST,
    p_scheduled_at: at,
    p_version: 3,
    p_dry_run: false,
  })
})

test('gives no ETag for a dry run: the version it would have does not exist', async () => {
  const { call } = fakeApi({
    'rpc/review_post': reviewOf(),
    'rpc/schedule_post': () => postRow({ version: 4 }),
  })
  const answer = await call('POST', `/posts/${POST}/schedule?dry_run=true`, {
    body: { scheduled_at: 'now' },
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('etag')).toBeNull()
})

const verbs: [string, string, unknown?][] = [
  ['unschedule', 'rpc/unschedule_post'],
  ['resume', 'rpc/resume_post'],
  ['drop-remainder', 'rpc/drop_remainder'],
  ['unpublish', 'rpc/unpublish_post'],
  ['publish', 'rpc/publish_post'],
  ['retry', 'rpc/retry_post'],
  ['resolve', 'rpc/resolve_post', { outcome: 'not_live' }],
]

for (const [verb, rpc, body] of verbs) {
  const path = `/posts/${POST}/${verb}`

  test(`${verb}: answers the post as it is now`, async () => {
    const { call } = fakeApi({ 'rpc/review_post': reviewOf(), [rpc]: () => postRow() })
    const answer = await call('POST', path, { body })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('etag')).toBe('"3"')
  })

  test(`${verb}: 401 without a token, 404 for what is not there, 409 when it cannot be`, async () => {
    const failing = (status: number, slug: string) =>
      fakeApi({
        'rpc/review_post': reviewOf(),
        [rpc]: () => {
          throw refused(status, slug)
        },
      }).call('POST', path, { body })
    expect((await fakeApi().call('POST', path, { body, as: null })).status).toBe(401)
    expect((await failing(404, 'not-found')).status).toBe(404)
    expect((await failing(409, 'illegal-transition')).status).toBe(409)
    expect((await fakeApi().call('POST', `/posts/17/${verb}`, { body })).status).toBe(404)
  })
}

test('a text that no longer fits the account is not scheduled', async () => {
  const long = [{ text: 'x'.repeat(281), media_ids: [] }]
  const { call, calls } = fakeApi({
    'rpc/review_post': reviewOf({ segments: long }),
  })
  for (const [verb, body] of [
    ['schedule', { scheduled_at: at }],
    ['publish'],
    ['retry'],
  ] as const) {
    const answer = await call('POST', `/posts/${POST}/${verb}`, { body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toMatchObject([{ pointer: '/segments/0/text', length: 281 }])
  }
  expect(calls.every(({ name }) => name === 'rpc/review_post')).toBe(true)
})

test('the rest of a thread that no longer fits the account is not resumed; what is on X is let be', async () => {
  const long = { text: 'x'.repeat(281), media_ids: [] }
  const { call, calls } = fakeApi({
    'rpc/review_post': reviewOf({ segments: [long, long], published: 1 }),
  })

  const answer = await call('POST', `/posts/${POST}/resume`)

  expect(answer.status).toBe(422)
  expect(answer.body.errors).toMatchObject([
    { pointer: '/segments/1/text', slug: 'text-too-long', remedy: expect.any(String), length: 281 },
  ])
  expect(calls.map(({ name }) => name)).toEqual(['rpc/review_post'])
})

test('lists attempts; of a post that is not there: 404', async () => {
  const attempt = {
    post_id: POST,
    account_id: POST,
    position: 0,
    number: 1,
    status: 'accepted',
    sending_at: at,
    sent_at: at,
    finished_at: at,
    remote_id: '1',
    http_status: 201,
    error: null,
  }
  const some = fakeApi({ 'rpc/list_attempts': () => [attempt] })
  expect((await some.call('GET', `/posts/${POST}/attempts`)).body.data).toEqual([attempt])
  const none = fakeApi({ 'rpc/list_attempts': () => [], 'rpc/get_post': () => null })
  expect((await none.call('GET', `/posts/${POST}/attempts`)).status).toBe(404)
})

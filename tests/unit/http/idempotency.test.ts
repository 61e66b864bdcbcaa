import { expect, test } from 'vitest'
import { type FakeDatabase, fakeApi, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, postRow, reviewOf, WORKSPACE } from '../../helpers/samples.ts'

const MEDIUM = '0193a3c0-0000-7000-8000-0000000000d1'

type Row = { fingerprint: unknown; response: unknown }

/** The keys as private.idempotency_keys keeps them; `store` is what is in the table. */
const withKeys = (effects: FakeDatabase) => {
  const store = new Map<string, Row>()
  const keyOf = (args: Record<string, unknown>) => `${args.p_route} ${args.p_key}`
  const database: FakeDatabase = {
    ...effects,
    'rpc/claim_idempotency_key': (args) => {
      const row = store.get(keyOf(args))
      if (!row) {
        store.set(keyOf(args), { fingerprint: args.p_fingerprint, response: null })
        return { state: 'claimed' }
      }
      if (row.fingerprint !== args.p_fingerprint) return { state: 'reused' }
      if (row.response === null) return { state: 'in_flight' }
      return { state: 'answered', encrypted_response: row.response }
    },
    'rpc/settle_idempotency_key': (args) => {
      const row = store.get(keyOf(args))
      if (row && args.p_encrypted_response !== null) row.response = args.p_encrypted_response
      else store.delete(keyOf(args))
    },
  }
  return { store, ...fakeApi(database) }
}

const path = `/posts/${POST}/unschedule`
const headers = { 'idempotency-key': 'a-key' }
const effectsOf = (calls: { name: string }[]) =>
  calls.filter(({ name }) => name === 'rpc/unschedule_post').length

test('runs a repeated request once, and gives the first answer again', async () => {
  const { call, calls } = withKeys({ 'rpc/unschedule_post': () => postRow() })
  const first = await call('POST', path, { headers })
  const again = await call('POST', path, { headers: { 'idempotency-key': '"a-key"' } })

  expect(first.headers.get('idempotent-replayed')).toBeNull()
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect([again.status, again.body]).toEqual([first.status, first.body])
  expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
  expect(effectsOf(calls)).toBe(1)
})

test('keeps no answer in clear', async () => {
  const { call, store } = withKeys({
    'rpc/unschedule_post': () => postRow({ content: 'a secret' }),
  })
  await call('POST', path, { headers })
  const [row] = store.values()
  expect(row?.response).toMatch(/^v1\.k1\./)
  expect(JSON.stringify(row)).not.toContain('a secret')
})

test('repeats a refusal as well, and gives a failure of ours another chance', async () => {
  const answers = [503, 409]
  const { call, calls } = withKeys({
    'rpc/unschedule_post': () => {
      throw refused(answers.shift() ?? 500, 'some-slug')
    },
  })
  const statuses = []
  for (let n = 0; n < 3; n += 1) statuses.push((await call('POST', path, { headers })).status)
  expect(statuses).toEqual([503, 409, 409])
  expect(effectsOf(calls)).toBe(2)
})

test('never runs a request again that failed after its effect', async () => {
  const { call, calls } = withKeys({ 'rpc/unschedule_post': () => ({ unlike: 'a post' }) })
  expect((await call('POST', path, { headers })).status).toBe(500)
  expect((await call('POST', path, { headers })).status).toBe(409)
  expect(effectsOf(calls)).toBe(1)
})

test('never runs a request again whose first outcome is unknown', async () => {
  const { call, calls } = withKeys({
    'rpc/unschedule_post': () => {
      throw new TypeError('connection reset')
    },
  })
  expect((await call('POST', path, { headers })).body).toMatchObject({
    title: 'Change unconfirmed',
  })
  expect((await call('POST', path, { headers })).status).toBe(409)
  expect(effectsOf(calls)).toBe(1)
})

test('a request that object storage kept from running is made under its key once storage is back', async () => {
  let isDown = true
  const media = [{ id: MEDIUM, workspace_id: WORKSPACE, status: 'uploading', kind: 'image' }]
  const { call, calls } = withKeys({
    'rpc/review_post': reviewOf({ media }),
    'rpc/create_post': () => postRow(),
    [`/storage/v1/s3/myposts/media/${WORKSPACE}/${MEDIUM}`]: () => {
      throw isDown ? new TypeError('connection refused') : refused(404, 'no-such-key')
    },
  })
  const body = { account_id: ACCOUNT, content: 'Hello', media_ids: [MEDIUM] }
  const send = () => call('POST', '/posts', { headers, body })
  const first = await send()
  expect([first.status, first.headers.get('retry-after')]).toEqual([503, '5'])
  expect((await send()).body.type).toMatch(/#storage-unavailable$/)
  isDown = false
  expect((await send()).status).toBe(201)
  expect((await send()).headers.get('idempotent-replayed')).toBe('true')
  expect(calls.filter(({ name }) => name === 'rpc/create_post')).toHaveLength(1)
})

test('refuses a key that came with another body, query or workspace', async () => {
  const { call } = withKeys({ 'rpc/review_post': reviewOf(), 'rpc/schedule_post': () => postRow() })
  const schedule = `/posts/${POST}/schedule`
  const body = { scheduled_at: 'now' }
  await call('POST', schedule, { headers, body })

  const others = [
    call('POST', schedule, { headers, body: { scheduled_at: '2027-01-01T00:00:00Z' } }),
    call('POST', `${schedule}?dry_run=true`, { headers, body }),
    call('POST', schedule, { headers: { ...headers, 'workspace-id': POST }, body }),
  ]
  for (const { status, body: problem } of await Promise.all(others)) {
    expect(status).toBe(422)
    expect(problem.type).toMatch(/#idempotency-key-reused$/)
  }
})

test('tells when the first request is still running, or was lost', async () => {
  for (const [state, slug] of [
    ['in_flight', 'idempotency-in-flight'],
    ['unknown', 'idempotency-outcome-unknown'],
  ]) {
    const { call, calls } = fakeApi({ 'rpc/claim_idempotency_key': () => ({ state }) })
    const { status, body } = await call('POST', path, { headers })
    expect(status).toBe(409)
    expect(body.type.endsWith(`#${slug}`)).toBe(true)
    expect(effectsOf(calls)).toBe(0)
  }
})

test('claims nothing for a request that could never run', async () => {
  const { call, calls } = withKeys({})
  const schedule = `/posts/${POST}/schedule`
  expect((await call('POST', schedule, { headers, body: { at: 'now' } })).status).toBe(422)
  expect((await call('POST', path, { headers: { 'idempotency-key': '' } })).status).toBe(400)
  expect(
    (await call('POST', path, { headers: { 'idempotency-key': 'x'.repeat(256) } })).status,
  ).toBe(400)
  expect(calls).toEqual([])
})

test('still answers when the answer cannot be kept', async () => {
  const { call, logs } = fakeApi({
    'rpc/claim_idempotency_key': () => ({ state: 'claimed' }),
    'rpc/settle_idempotency_key': () => {
      throw refused(500, 'internal')
    },
    'rpc/unschedule_post': () => postRow(),
  })
  expect((await call('POST', path, { headers })).status).toBe(200)
  expect(logs.some(({ message }) => message === 'idempotency key not settled')).toBe(true)
})

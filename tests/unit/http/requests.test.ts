import { expect, test } from 'vitest'
import { fakeApi, token, VARIABLES } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, postRow } from '../../helpers/samples.ts'

const body = { account_id: ACCOUNT, content: 'Hello' }

test('answers 400 to a body that is not JSON, empty ones included', async () => {
  const { call, calls } = fakeApi()
  for (const text of ['{bad', '', 'undefined']) {
    const answer = await call('POST', '/posts', {
      body: text,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(answer.body.type).toMatch(/#malformed-json$/)
  }
  expect(calls).toEqual([])
})

test('answers 422 to JSON of another shape', async () => {
  const { call } = fakeApi()
  for (const text of ['null', '[]', '"text"', '7']) {
    expect((await call('POST', '/posts', { body: text })).status).toBe(422)
  }
})

test('takes no body where there is nothing to send, and says so', async () => {
  const { call, calls } = fakeApi({ 'rpc/unschedule_post': () => postRow() })
  const path = `/posts/${POST}/unschedule`
  for (const [sent, status] of [
    ['{"at":"now"}', 422],
    ['[]', 422],
    ['{', 400],
  ] as const) {
    expect((await call('POST', path, { body: sent })).status).toBe(status)
  }
  expect(calls).toEqual([])
  expect((await call('POST', path, { body: {} })).status).toBe(200)
  expect((await call('POST', path)).status).toBe(200)
})

test('answers 415 to a body that is not declared as JSON', async () => {
  const { call } = fakeApi()
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const headers = { 'content-type': type }
    expect((await call('POST', '/posts', { body: JSON.stringify(body), headers })).status).toBe(415)
  }
})

test('answers 413 to a body over 1 MiB, whether or not it says how long it is', async () => {
  const { call, app } = fakeApi()
  const large = JSON.stringify({ ...body, content: 'x'.repeat(1_048_577) })
  expect((await call('POST', '/posts', { body: large })).status).toBe(413)

  const stream = new Blob([large]).stream()
  const request = new Request('https://project.example.com/api/posts', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
    body: stream,
    duplex: 'half',
  } as RequestInit)
  expect((await app.request(request)).status).toBe(413)
})

test('refuses text no database can hold, wherever it is', async () => {
  const { call } = fakeApi()
  const pointers: [string, object][] = [
    ['/content', { ...body, content: 'a\u0000b' }],
    ['/segments/1/text', { account_id: ACCOUNT, segments: [{ text: 'a' }, { text: '\ud800' }] }],
    ['/metadata/a~1b', { ...body, metadata: { 'a/b': '\u0000' } }],
    ['/metadata', { ...body, metadata: { '\u0000': 1 } }],
  ]
  for (const [pointer, value] of pointers) {
    const answer = await call('POST', '/posts', { body: value })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].pointer).toBe(pointer)
  }
})

test('answers 405 with what a path takes, and 404 for a path that is none', async () => {
  const { call } = fakeApi()
  const wrong = await call('PUT', '/posts')
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('GET, POST')
  expect((await call('GET', '/nothing')).body.type).toMatch(/#no-such-route$/)
})

test('lets allowed origins in, on errors too, and no others', async () => {
  const { call } = fakeApi({ 'rpc/list_posts': () => [] })
  const from = (origin: string, as?: null) => call('GET', '/posts', { headers: { origin }, as })

  const good = await from('https://app.example.com')
  expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  expect(good.headers.get('access-control-expose-headers')).toContain('etag')
  const refused = await from('https://app.example.com', null)
  expect(refused.status).toBe(401)
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  const foreign = await from('https://app.example.com.evil.example')
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
})

test('allows in a preflight what clients send', async () => {
  const { call } = fakeApi()
  const { headers } = await call('OPTIONS', '/posts', {
    as: null,
    headers: { origin: 'https://app.example.com', 'access-control-request-method': 'PATCH' },
  })
  expect(headers.get('access-control-allow-methods')).toContain('PATCH')
  const allowed = headers.get('access-control-allow-headers')?.split(',')
  expect(allowed).toEqual(
    expect.arrayContaining([
      'authorization',
      'apikey',
      'idempotency-key',
      'if-match',
      'x-client-info',
    ]),
  )
})

test('logs one line per request, without anything secret', async () => {
  const { call, logs } = fakeApi({ 'rpc/list_posts': () => [postRow()] })
  const as = await token()
  const { headers } = await call('GET', '/posts?q=confidential', { as })
  await call('GET', '/accounts/callback?state=the-state&code=the-code', { as: null })

  expect(logs).toHaveLength(2)
  expect(logs[0]).toMatchObject({
    message: 'request',
    method: 'GET',
    route: '/api/posts',
    status: 200,
    request_id: headers.get('x-request-id'),
  })
  expect(logs[1]).toMatchObject({ route: '/api/accounts/callback', problem: 'oauth-state-invalid' })
  const text = JSON.stringify(logs)
  for (const secret of [as, 'confidential', 'the-state', 'the-code', VARIABLES.ENCRYPTION_KEYS]) {
    expect(text).not.toContain(secret)
  }
})

test('tells a caller nothing about a fault of ours, and the log everything', async () => {
  const { call, logs } = fakeApi({
    'rpc/list_posts': () => {
      throw Object.assign(new Error(), {
        status: 500,
        body: { code: 'XX000', message: 'secret table is broken' },
      })
    },
  })
  const { status, body: problem } = await call('GET', '/posts')
  expect(status).toBe(500)
  expect(JSON.stringify(problem)).not.toContain('secret')
  expect(JSON.stringify(logs)).toContain('secret table is broken')
  expect(logs[0]?.request_id).toBe(problem.instance)
})

test('asks callers to come back when the database cannot be reached', async () => {
  const { call } = fakeApi({
    'rpc/list_posts': () => {
      throw new TypeError('connection reset')
    },
    accounts: () => {
      throw new TypeError('connection reset')
    },
  })
  const read = await call('GET', '/accounts')
  expect([read.status, read.headers.get('retry-after')]).toEqual([503, '2'])
  expect(read.body.title).toBe('Temporarily unavailable')
  expect((await call('GET', '/posts')).body.title).toBe('Change unconfirmed')
})

test('counts calls per person and records them together, after the answers', async () => {
  const { call, calls, wake } = fakeApi({ 'rpc/list_posts': () => [] })
  await Promise.all([call('GET', '/posts'), call('GET', '/posts'), call('GET', '/posts/17')])
  await call('GET', '/posts', { as: null })
  expect(calls.filter(({ name }) => name.startsWith('service.'))).toEqual([])

  await wake()
  const recorded = calls.filter(({ name }) => name === 'service.record_usage')
  expect(recorded.map(({ args }) => args)).toEqual([
    { p_rows: [{ user_id: expect.any(String), api_calls: 3 }] },
  ])
})

test('says of a time how one is written', async () => {
  const { call } = fakeApi()
  const { body: problem } = await call('GET', '/deliveries?from=2026-12-01')
  expect(problem.errors).toEqual([
    {
      pointer: '/from',
      in: 'query',
      detail: 'Must be an instant with its offset, such as 2026-12-01T09:00:00Z.',
    },
  ])
})

import { expect, test } from 'vitest'
import { fakeApi, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, postRow, reviewOf, WORKSPACE } from '../../helpers/samples.ts'

const withAccount = {
  'rpc/review_post': reviewOf(),
  'rpc/create_post': () => postRow(),
}

test('creates a draft: 201, where it is, and its version', async () => {
  const { call, calls } = fakeApi(withAccount)
  const input = { account_id: ACCOUNT, content: 'Hello', metadata: { campaign: 7 } }
  const { status, headers, body } = await call('POST', '/posts', { body: input })

  expect(status).toBe(201)
  expect(headers.get('location')).toBe(`/functions/v1/api/posts/${POST}`)
  expect(headers.get('etag')).toBe('"3"')
  expect(body).toMatchObject({ id: POST, status: 'draft' })
  expect(calls.at(-1)?.args).toEqual({
    p_post: {
      account_id: ACCOUNT,
      segments: [{ text: 'Hello', has_url: false }],
      metadata: { campaign: 7 },
    },
    p_dry_run: false,
  })
})

test('leaves "now" to the clock of the database', async () => {
  const { call, calls } = fakeApi(withAccount)
  const body = {
    account_id: ACCOUNT,
    segments: [{ text: 'a' }, { text: 'b' }],
    scheduled_at: 'now',
  }
  await call('POST', '/posts?dry_run=true', { body })

  expect(calls.at(-1)?.args).toEqual({
    p_post: {
      account_id: ACCOUNT,
      segments: [
        { text: 'a', has_url: false },
        { text: 'b', has_url: false },
      ],
      scheduled_at: 'now',
    },
    p_dry_run: true,
  })
})

test('names each text that is too long, its length and the limit', async () => {
  const { call, calls } = fakeApi(withAccount)
  const segments = [{ text: 'short' }, { text: 'x'.repeat(281) }]
  const { status, body } = await call('POST', '/posts', { body: { account_id: ACCOUNT, segments } })

  expect(status).toBe(422)
  expect(body.errors).toEqual([
    {
      pointer: '/segments/1/text',
      slug: 'text-too-long',
      detail: 'The text counts 281 characters on X; this account may write 280.',
      remedy: expect.stringMatching(/^Shorten it by 1, /),
      length: 281,
      limit: 280,
    },
  ])
  expect(calls.map(({ name }) => name)).toEqual(['rpc/review_post'])
})

const wrong: [string, Record<string, unknown>, string][] = [
  ['neither content nor segments', {}, '/content'],
  ['content and segments', { content: 'a', segments: [{ text: 'b' }] }, '/segments'],
  ['blank content', { content: ' \n ' }, '/content'],
  ['a blank segment', { segments: [{ text: 'a' }, { text: ' ' }] }, '/segments/1/text'],
  ['21 media', { content: 'a', media_ids: Array(21).fill(POST) }, '/media_ids'],
  ['media beside segments', { media_ids: [POST], segments: [{ text: 'a' }] }, '/segments'],
  ['an empty thread', { segments: [] }, '/segments'],
  ['a thread of 26', { segments: Array(26).fill({ text: 'a' }) }, '/segments'],
  ['an unknown key', { content: 'a', status: 'published' }, '/status'],
  ['an unknown key deep inside', { segments: [{ text: 'a', id: '1' }] }, '/segments/0/id'],
  ['a time without offset', { content: 'a', scheduled_at: '2026-12-24T09:00:00' }, '/scheduled_at'],
  ['a time that is no time', { content: 'a', scheduled_at: 'tomorrow' }, '/scheduled_at'],
  [
    'a slot, which is not offered yet',
    { content: 'a', scheduled_at: 'next_slot' },
    '/scheduled_at',
  ],
  ['metadata over 8 kB', { content: 'a', metadata: { a: 'x'.repeat(8192) } }, '/metadata'],
  ['metadata that is no object', { content: 'a', metadata: [1] }, '/metadata'],
  ['an unknown late policy', { content: 'a', late_policy: 'never' }, '/late_policy'],
  ['lateness of no time', { content: 'a', late_after_seconds: 0 }, '/late_after_seconds'],
  ['an account that is no id', { content: 'a', account_id: 'mine' }, '/account_id'],
]

for (const [what, body, pointer] of wrong) {
  test(`refuses ${what} with 422 at ${pointer}, and asks the database nothing`, async () => {
    const { call, calls } = fakeApi(withAccount)
    const answer = await call('POST', '/posts', { body: { account_id: ACCOUNT, ...body } })

    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer])
    expect(calls).toEqual([])
  })
}

test("answers 404 for an account that is not the caller's to see", async () => {
  const { call } = fakeApi({
    'rpc/review_post': () => {
      throw refused(404, 'not-found')
    },
  })
  const body = { account_id: ACCOUNT, content: 'Hello' }
  expect((await call('POST', '/posts', { body })).status).toBe(404)
})

test('hands on what the database refuses, with its remedy', async () => {
  const { call } = fakeApi({
    ...withAccount,
    'rpc/create_post': () => {
      throw refused(403, 'role-required')
    },
  })
  const { status, body } = await call('POST', '/posts', {
    body: { account_id: ACCOUNT, content: 'Hello' },
  })
  expect(status).toBe(403)
  expect(body).toMatchObject({
    title: 'Role required',
    detail: 'Because.',
    remedy: 'Do otherwise.',
  })
  expect(body.type).toMatch(/\/errors#role-required$/)
})

test('lists a page, links the next one, and follows its cursor', async () => {
  const ids = [3, 2, 1].map((n) => `0193a3c0-0000-7000-8000-00000000000${n}`)
  const { call, calls } = fakeApi({
    'rpc/list_posts': ({ p_before }) => (p_before ? [] : ids.map((id) => postRow({ id }))),
  })
  const first = await call('GET', '/posts?limit=2&status=draft&q=hi', {
    headers: { 'workspace-id': WORKSPACE },
  })
  expect(first.body).toMatchObject({ has_more: true })
  expect(first.body.data).toHaveLength(2)
  const next = /<(.+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1]
  expect(next).toContain('status=draft')

  const second = await call('GET', `/posts${next}`)
  expect(second.body).toEqual({ data: [], next_cursor: null, has_more: false })
  expect(calls[0]?.args).toMatchObject({
    p_workspace_id: WORKSPACE,
    p_filter: { status: 'draft', q: 'hi' },
    p_limit: 3,
  })
  expect(calls.at(-1)?.args).toMatchObject({ p_before: ids[1] })
})

test('answers 404 for the posts of a foreign workspace, not an empty list', async () => {
  const { call } = fakeApi({ 'rpc/list_posts': () => [], workspaces: () => [] })
  const headers = { 'workspace-id': WORKSPACE }
  expect((await call('GET', '/posts', { headers })).status).toBe(404)
  expect((await call('GET', '/posts', { headers: { 'workspace-id': 'mine' } })).status).toBe(404)
})

for (const query of [
  'cursor=nonsense',
  'cursor=WzFd',
  'limit=0',
  'limit=101',
  'limit=ten',
  'x=1',
]) {
  test(`refuses ?${query} with 422 naming the parameter`, async () => {
    const { call } = fakeApi()
    const { status, body } = await call('GET', `/posts?${query}`)
    expect(status).toBe(422)
    expect(body.errors[0]).toMatchObject({ pointer: `/${query.split('=')[0]}`, in: 'query' })
  })
}

test('reads a post with its ETag; absent, foreign and impossible ids look alike', async () => {
  const { call } = fakeApi({
    'rpc/get_post': ({ p_post_id }) => (p_post_id === POST ? postRow() : null),
  })
  const found = await call('GET', `/posts/${POST}`)
  expect(found.status).toBe(200)
  expect(found.headers.get('etag')).toBe('"3"')

  const absent = await call('GET', `/posts/${ACCOUNT}`)
  const impossible = await call('GET', '/posts/17')
  expect(absent.status).toBe(404)
  const { instance: _1, ...one } = absent.body
  const { instance: _2, ...other } = impossible.body
  expect(one).toEqual(other)
})

test('changes a post only at the version the caller read', async () => {
  const { call, calls } = fakeApi({
    ...withAccount,
    'rpc/update_post': ({ p_version }) => {
      if (p_version !== null && p_version !== 3) throw refused(412, 'version-mismatch')
      return postRow({ version: 4 })
    },
  })
  const change = { body: { metadata: { a: 1 } } }
  const changed = await call('PATCH', `/posts/${POST}`, {
    ...change,
    headers: { 'if-match': '"3"' },
  })
  expect(changed.status).toBe(200)
  expect(changed.headers.get('etag')).toBe('"4"')
  expect(calls[0]?.args).toMatchObject({ p_version: 3, p_changes: { metadata: { a: 1 } } })

  const weak = { 'if-match': 'W/"3"' }
  expect((await call('PATCH', `/posts/${POST}`, { ...change, headers: weak })).status).toBe(200)
  const stale = { 'if-match': '"2"' }
  expect((await call('PATCH', `/posts/${POST}`, { ...change, headers: stale })).status).toBe(412)
  expect((await call('PATCH', `/posts/${POST}`, change)).status).toBe(200)
  const nonsense = { 'if-match': 'latest' }
  expect((await call('PATCH', `/posts/${POST}`, { ...change, headers: nonsense })).status).toBe(400)
  expect((await call('PATCH', `/posts/${POST}`, { body: {} })).status).toBe(422)
})

test("checks a changed text against the limit of the post's account", async () => {
  const { call } = fakeApi(withAccount)
  const { status, body } = await call('PATCH', `/posts/${POST}`, {
    body: { content: 'x'.repeat(281) },
  })
  expect(status).toBe(422)
  expect(body.errors[0]).toMatchObject({ pointer: '/content', length: 281, limit: 280 })
})

test('cancels a post, and says why when it is on the network already', async () => {
  const ok = fakeApi({ 'rpc/cancel_post': () => postRow({ status: 'canceled' }) })
  expect((await ok.call('DELETE', `/posts/${POST}`)).body.status).toBe('canceled')
  const late = fakeApi({
    'rpc/cancel_post': () => {
      throw refused(409, 'already-published')
    },
  })
  expect((await late.call('DELETE', `/posts/${POST}`)).status).toBe(409)
})

const warning = (pointer: string, slug: string) => ({
  pointer,
  slug,
  detail: 'Because.',
  remedy: 'Do otherwise.',
})

test('validates every segment: length, limit, link, problems and warnings, and keeps nothing', async () => {
  const { call, calls } = fakeApi({
    'rpc/review_post': reviewOf({
      problems: [{ status: 422, ...warning('/scheduled_at', 'scheduled-in-past') }],
      warnings: [
        warning('/account_id', 'account-paused'),
        warning('/segments/1/text', 'identical-text'),
      ],
    }),
  })
  const segments = [{ text: `see example.com ${'y'.repeat(300)}` }, { text: '$AAPL and $MSFT' }]
  const answer = await call('POST', '/posts/validate', { body: { account_id: ACCOUNT, segments } })

  expect(answer.body).toMatchObject({
    valid: false,
    quote_usd: '0.215',
    problems: [warning('/scheduled_at', 'scheduled-in-past')],
    warnings: [warning('/account_id', 'account-paused')],
    segments: [
      {
        length: 328,
        limit: 280,
        contains_url: true,
        quote_usd: '0.20',
        problems: [{ pointer: '/segments/0/text', slug: 'text-too-long' }],
        warnings: [],
      },
      {
        length: 15,
        contains_url: false,
        quote_usd: '0.015',
        problems: [{ pointer: '/segments/1/text', slug: 'too-many-cashtags' }],
        warnings: [warning('/segments/1/text', 'identical-text')],
      },
    ],
  })
  expect(calls.map(({ name }) => name)).toEqual(['rpc/review_post'])
})

test('says nothing of segments that are on X: their pictures may be deleted here', async () => {
  const media_ids = ['01936f0e-0000-7000-8000-00000000000a']
  const { call, calls } = fakeApi({
    'rpc/review_post': reviewOf({ published: 1 }),
    'rpc/update_post': () => postRow(),
  })
  const [sent, next] = [{ text: 'x'.repeat(281), media_ids }, { text: 'more' }]
  const changed = await call('PATCH', `/posts/${POST}`, { body: { segments: [sent, next] } })
  expect(changed.status).toBe(200)
  expect(calls.map(({ name }) => name)).toEqual(['rpc/review_post', 'rpc/update_post'])

  const added = [sent, { ...next, media_ids }]
  const { body } = await call('PATCH', `/posts/${POST}`, { body: { segments: added } })
  expect(body.errors).toMatchObject([{ pointer: '/segments/1/media_ids/0', slug: 'media-unknown' }])
})

test('points into the body that was sent, whichever way the text came', async () => {
  const { call } = fakeApi({
    ...withAccount,
    'rpc/review_post': reviewOf({ warnings: [warning('/segments/0/text', 'duplicate-text')] }),
  })
  const body = { account_id: ACCOUNT, content: 'Hello' }
  const created = await call('POST', '/posts', { body })
  expect([created.status, created.body.warnings]).toEqual([
    201,
    [warning('/content', 'duplicate-text')],
  ])
  const validated = await call('POST', '/posts/validate', { body })
  expect(validated.body.segments[0].warnings).toEqual(created.body.warnings)
})

test('says of a text that shows nothing that it does, beside everything else', async () => {
  const segments = [{ text: ' ' }, { text: 'x'.repeat(281) }]
  const { call } = fakeApi({ 'rpc/review_post': reviewOf({ segments }) })
  const { status, body } = await call('POST', '/posts/validate', {
    body: { account_id: ACCOUNT, segments },
  })

  expect([status, body.valid]).toEqual([200, false])
  expect(
    body.segments.map(({ problems }: { problems: { slug: string }[] }) =>
      problems.map(({ slug }) => slug),
    ),
  ).toEqual([['text-empty'], ['text-too-long']])
})

test('says of what is missing that it is, and what it would be', async () => {
  const { call } = fakeApi(withAccount)
  const { body } = await call('POST', '/posts', { body: { content: 'a' } })
  expect(body.errors).toEqual([{ pointer: '/account_id', detail: 'Missing: send a string.' }])
})

test('refuses with the first problem of a review, and names all of them', async () => {
  const problems = [
    { status: 403, ...warning('/account_id', 'workspace-suspended') },
    { status: 422, ...warning('/scheduled_at', 'scheduled-in-past') },
  ]
  const { call, calls } = fakeApi({ 'rpc/review_post': reviewOf({ problems }) })
  const body = { account_id: ACCOUNT, content: 'Hello', scheduled_at: '2020-01-01T00:00:00Z' }
  const answer = await call('POST', '/posts', { body })

  expect(answer.status).toBe(403)
  expect(answer.body).toMatchObject({ title: 'Workspace suspended', remedy: 'Do otherwise.' })
  expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    '/account_id',
    '/scheduled_at',
  ])
  expect(calls.map(({ name }) => name)).toEqual(['rpc/review_post'])
})

test('duplicates a post: 201, and where the copy is', async () => {
  const { call } = fakeApi({ 'rpc/duplicate_post': () => postRow({ version: 1 }) })
  const { status, headers } = await call('POST', `/posts/${ACCOUNT}/duplicate`)
  expect([status, headers.get('location')]).toEqual([201, `/functions/v1/api/posts/${POST}`])
})

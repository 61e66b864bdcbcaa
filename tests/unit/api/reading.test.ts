import { expect, test } from 'vitest'
import { eventTypeNames } from '../../../shared/events/event-types.ts'
import { type FakeDatabase, fakeApi, refused, USER } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, WORKSPACE } from '../../helpers/samples.ts'

const at = '2026-11-22T12:00:00+00:00'
const standing = () => ({ fork: null, lost_after: null, forgotten_to: null })

const pageOf = (events: ReturnType<typeof event>[], hasMore = false) => ({
  events,
  read_to: events.at(-1)?.sequence ?? null,
  has_more: hasMore,
})

const event = (sequence: number) => ({
  id: POST,
  workspace_id: WORKSPACE,
  sequence,
  type: 'post.published',
  subject_type: 'post',
  subject_id: POST,
  actor_type: 'system',
  actor_id: null,
  data: { post_id: POST },
  created_at: at,
})

test('reads the log in order, and gives a cursor to go on with even at its end', async () => {
  const log = [1, 2, 3].map(event)
  const { call } = fakeApi({
    'rpc/locate_event_cursor': standing,
    'rpc/list_events': ({ p_after, p_limit }) => {
      const rest = log.filter(({ sequence }) => sequence > Number(p_after))
      return pageOf(rest.slice(0, Number(p_limit)), rest.length > Number(p_limit))
    },
  })
  const read = async (path: string) => {
    const { body, headers } = await call('GET', path)
    const sequences = body.data.map(({ sequence }: { sequence: number }) => sequence)
    return { sequences, cursor: body.next_cursor, more: body.has_more, link: headers.get('link') }
  }
  const first = await read('/events?limit=2')
  expect(first).toMatchObject({
    sequences: [1, 2],
    more: true,
    link: expect.stringContaining('after='),
  })
  const second = await read(`/events?limit=2&after=${first.cursor}`)
  expect(second).toMatchObject({ sequences: [3], more: false, link: null })

  log.push(event(4))
  expect(await read(`/events?after=${second.cursor}`)).toMatchObject({ sequences: [4] })
})

test('whoever starts from now gets the end of the log, and what comes after it', async () => {
  const { call, calls } = fakeApi({
    'rpc/end_of_events': () => ({ last_sequence: 7, fork: null }),
    'rpc/locate_event_cursor': standing,
    'rpc/list_events': ({ p_after }) => pageOf([event(Number(p_after) + 1)]),
  })
  const { status, body } = await call('GET', '/events?after=latest&types=post.published')
  expect([status, body.data, body.has_more]).toEqual([200, [], false])
  expect(calls.map(({ name }) => name)).toEqual(['rpc/end_of_events'])
  const next = await call('GET', `/events?after=${body.next_cursor}`)
  expect(next.body.data).toEqual([event(8)])
})

test('the end of a log without events is its beginning', async () => {
  const { call } = fakeApi({
    'rpc/end_of_events': () => ({ last_sequence: null, fork: null }),
    'rpc/locate_event_cursor': standing,
    'rpc/list_events': ({ p_after }) => pageOf([event(Number(p_after) + 1)]),
  })
  const { body } = await call('GET', '/events?after=latest')
  const next = await call('GET', `/events?after=${body.next_cursor}`)
  expect(next.body.data).toEqual([event(1)])
})

test('what is no cursor is refused with the word that is one', async () => {
  const { body } = await fakeApi().call('GET', '/events?after=newest')
  expect(body.errors).toMatchObject([
    { pointer: '/after', detail: expect.stringContaining('or "latest"') },
  ])
})

test('shows of an event what readers may see, and no more', async () => {
  const { call } = fakeApi({
    'rpc/locate_event_cursor': standing,
    'rpc/list_events': () => pageOf([{ ...event(1), changes: { a: 1 } } as never]),
  })
  expect((await call('GET', '/events')).body.data[0]).toEqual(event(1))
})

test('a cursor of a past that is lost is refused with one to go on from', async () => {
  const forks: Record<string, unknown>[] = [
    standing(),
    { ...standing(), fork: POST, lost_after: 2 },
    { ...standing(), fork: POST },
  ]
  const asked: unknown[] = []
  const { call } = fakeApi({
    'rpc/locate_event_cursor': ({ p_after, p_fork }) => {
      asked.push([p_after, p_fork])
      return forks.shift()
    },
    'rpc/list_events': () => pageOf([event(7)]),
  })

  const before = await call('GET', '/events')
  const refused = await call('GET', `/events?after=${before.body.next_cursor}`)
  expect(refused).toMatchObject({
    status: 409,
    body: { type: expect.stringMatching(/#log-restored$/), next_cursor: expect.any(String) },
  })
  expect((await call('GET', `/events?after=${refused.body.next_cursor}`)).status).toBe(200)
  expect(asked).toEqual([
    [null, null],
    [7, null],
    [2, POST],
  ])
})

test('names every type of event', async () => {
  const { body } = await fakeApi().call('GET', '/events/types')
  expect(body.data.map(({ type }: { type: string }) => type)).toEqual(eventTypeNames)
  for (const { schema, example, version } of body.data) {
    expect(version).toBe(1)
    expect(Object.keys(example)).toEqual(Object.keys(schema.properties))
    expect(schema.properties.type.const).toBe(example.type)
  }
})

test('a cursor from before what is kept is refused with the oldest one', async () => {
  let forgottenTo: number | null = 90
  const { call } = fakeApi({
    'rpc/locate_event_cursor': () => ({ ...standing(), forgotten_to: forgottenTo }),
    'rpc/list_events': ({ p_after }) => pageOf([event(Number(p_after) + 1)]),
  })
  const refused = await call('GET', '/events')
  expect(refused).toMatchObject({
    status: 410,
    body: { type: expect.stringMatching(/#log-expired$/), next_cursor: expect.any(String) },
  })
  forgottenTo = null
  const { body } = await call('GET', `/events?after=${refused.body.next_cursor}`)
  expect(body.data).toMatchObject([{ sequence: 91 }])
})

test('a filtered page may be empty and still lead on', async () => {
  const asked: unknown[] = []
  const { call } = fakeApi({
    'rpc/locate_event_cursor': standing,
    'rpc/list_events': ({ p_after, p_filter }) => {
      asked.push([p_after, p_filter])
      return { events: [], read_to: 2000, has_more: true }
    },
  })
  const path = `/events?types=post.failed,post.held&account_id=${ACCOUNT}&subject_id=${POST}`
  const { body, headers } = await call('GET', path)
  expect(body).toMatchObject({ data: [], has_more: true })
  expect(headers.get('link')).toContain('types=post.failed')
  await call('GET', `${path}&after=${body.next_cursor}`)
  const filter = { types: ['post.failed', 'post.held'], account_id: ACCOUNT, subject_id: POST }
  expect(asked).toEqual([
    [null, filter],
    [2000, filter],
  ])
})

test('a filter for a type that is not in the catalogue names it and what there is', async () => {
  const { status, body } = await fakeApi().call('GET', '/events?types=post.failed,post.burnt')
  expect(status).toBe(422)
  expect(JSON.stringify(body.errors)).toMatch(/no event of type .*post\.burnt.*post\.published/)
})

const delivery = {
  id: POST,
  workspace_id: WORKSPACE,
  endpoint_id: ACCOUNT,
  event_id: POST,
  event_type: 'post.published',
  sequence: 7,
  status: 'failed',
  failure: 'exhausted',
  attempt_count: 1,
  next_attempt_at: null,
  created_at: at,
  finished_at: at,
  attempts: [
    {
      number: 1,
      outcome: 'failed',
      http_status: 500,
      error: 'http-500',
      response: 'oops',
      started_at: at,
      duration_ms: 12,
    },
  ],
}

test('lists and reads deliveries, and sends one again', async () => {
  const { call, calls } = fakeApi({
    'rpc/list_deliveries': () => [delivery],
    'rpc/get_delivery': () => delivery,
    'rpc/replay_delivery': () => ({ ...delivery, status: 'pending' }),
  })
  const { body } = await call('GET', `/deliveries?status=failed&endpoint_id=${ACCOUNT}`)
  expect(body.data).toEqual([delivery])
  expect(calls[0]?.args.p_filter).toEqual({ status: 'failed', endpoint_id: ACCOUNT })
  expect((await call('GET', `/deliveries/${POST}`)).body).toEqual(delivery)
  const replayed = await call('POST', `/deliveries/${POST}/replay`)
  expect([replayed.status, replayed.body.status]).toEqual([202, 'pending'])
})

const totals = {
  posts: 1,
  impressions: 10,
  engagements: 2,
  clicks: 1,
  likes: 1,
  reposts: 0,
  replies: 0,
  quotes: 0,
  bookmarks: 0,
  profile_clicks: 0,
}

test('sums an account up over the days that were asked for', async () => {
  const summary = {
    account_id: ACCOUNT,
    from: '2026-11-01',
    to: '2026-11-22',
    totals: { ...totals, engagement_rate: 0.2 },
    previous: { ...totals, engagement_rate: null },
    growth: { impressions: 0.25, likes: null },
    lateness_ms: { posts: 1, p50: 12, p95: 12, p99: 12 },
  }
  const { call, calls } = fakeApi({ 'rpc/get_account_summary': () => summary })
  const path = `/analytics/accounts/${ACCOUNT}/summary`
  const { body } = await call('GET', `${path}?from=2026-11-01&to=2026-11-22`)
  expect(body).toEqual(summary)
  expect(calls[0]?.args).toMatchObject({ p_from: '2026-11-01', p_to: '2026-11-22' })
  expect((await call('GET', `${path}?from=yesterday`)).status).toBe(422)
})

test('shows the counters of a post before and after it is published', async () => {
  const before = {
    post_id: POST,
    account_id: ACCOUNT,
    published_at: null,
    late_ms: null,
    collected_at: null,
    latest: null,
    series: [],
  }
  const { posts: _posts, ...counters } = totals
  const after = { ...before, latest: counters, series: [{ timestamp: at, ...counters }] }
  for (const analytics of [before, after]) {
    const { call } = fakeApi({ 'rpc/get_post_analytics': () => analytics })
    expect((await call('GET', `/analytics/posts/${POST}`)).body).toEqual(analytics)
  }
})

const nothing: FakeDatabase = {
  'rpc/get_delivery': () => null,
  'rpc/get_account_summary': () => null,
  'rpc/get_post_analytics': () => null,
  'rpc/replay_delivery': () => {
    throw refused(404, 'not-found')
  },
}

for (const [method, path] of [
  ['GET', `/deliveries/${POST}`],
  ['POST', `/deliveries/${POST}/replay`],
  ['GET', `/analytics/accounts/${ACCOUNT}/summary`],
  ['GET', `/analytics/posts/${POST}`],
] as const) {
  test(`${method} ${path}: 404 for what is not there, 401 without a token`, async () => {
    const { call } = fakeApi(nothing)
    expect((await call(method, path)).status).toBe(404)
    expect((await call(method, path.replace(/[0-9a-f-]{36}/, '17'))).status).toBe(404)
    expect((await call(method, path, { as: null })).status).toBe(401)
  })
}

for (const path of ['/events', '/deliveries']) {
  test(`GET ${path}: 404 for a foreign workspace, 422 for parameters that are none`, async () => {
    const { call } = fakeApi({
      'rpc/locate_event_cursor': standing,
      'rpc/list_events': () => pageOf([]),
      'rpc/list_deliveries': () => [],
      workspaces: () => [],
    })
    expect((await call('GET', path, { headers: { 'workspace-id': WORKSPACE } })).status).toBe(404)
    expect((await call('GET', `${path}?after=x&cursor=x`)).status).toBe(422)
  })
}

test('says who the caller is and which workspaces they may name', async () => {
  const { call } = fakeApi({
    users: () => [
      {
        id: USER,
        email: 'a@example.com',
        subscription_tier: 'free',
        settings: {},
        created_at: at,
        internal: 1,
      },
    ],
    workspace_members: () => [
      { role: 'owner', workspaces: { id: WORKSPACE, name: 'Personal', is_personal: true } },
    ],
    'rpc/update_me': () => ({}),
  })
  const { body } = await call('GET', '/me')
  expect(body.workspaces).toEqual([
    { id: WORKSPACE, name: 'Personal', is_personal: true, role: 'owner' },
  ])
  expect(body).not.toHaveProperty('internal')
  expect((await call('PATCH', '/me', { body: { settings: { theme: null } } })).status).toBe(200)
  expect((await call('PATCH', '/me', { body: { email: 'b@example.com' } })).status).toBe(422)
})

test('answers 401 to the token of somebody who was deleted', async () => {
  const { call } = fakeApi({ users: () => [], workspace_members: () => [] })
  expect((await call('GET', '/me')).status).toBe(401)
})

test('says what the caller used', async () => {
  const day = { posts_created: 2, tokens_used: 0, api_calls: 40 }
  const usage = {
    from: '2026-11-01',
    to: '2026-11-23',
    totals: day,
    days: [{ date: '2026-11-22', ...day }],
  }
  const { call } = fakeApi({ 'rpc/get_usage': () => usage })
  expect((await call('GET', '/usage')).body).toEqual(usage)
})

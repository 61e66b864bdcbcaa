import { expect, test } from 'vitest'
import { openHeaders } from '../../../shared/webhooks/headers-envelope.ts'
import { openSecret } from '../../../shared/webhooks/secret.ts'
import { fakeApi, refused, USER } from '../../helpers/fake-api.ts'
import { ACCOUNT as ENDPOINT, WORKSPACE } from '../../helpers/samples.ts'

const row = (overrides: Record<string, unknown> = {}) => ({
  id: ENDPOINT,
  workspace_id: WORKSPACE,
  url: 'https://example.com/hook',
  description: null,
  event_types: null,
  account_ids: null,
  header_names: [],
  status: 'enabled',
  disabled_reason: null,
  max_in_flight: 20,
  max_per_second: null,
  failing_since: null,
  last_failed_at: null,
  failure_count: 0,
  created_by: USER,
  created_at: '2026-11-22T12:00:00+00:00',
  version: 1,
  ...overrides,
})

const path = `/webhook-endpoints/${ENDPOINT}`
const refusing = (name: string, status: number, slug: string) =>
  fakeApi({
    [name]: () => {
      throw refused(status, slug)
    },
  })

test('shows the secret once, and stores it sealed for the endpoint', async () => {
  const { call, calls, env } = fakeApi({
    'rpc/create_webhook_endpoint': ({ p_endpoint }) => row(p_endpoint as Record<string, unknown>),
    webhook_endpoints: () => [row()],
  })
  const created = await call('POST', '/webhook-endpoints', {
    body: { url: 'https://example.com/hook', event_types: ['post.published'] },
    headers: { 'workspace-id': WORKSPACE },
  })
  expect(created.status).toBe(201)
  expect(created.headers.get('location')).toContain(created.body.id)
  expect(created.body.secret).toMatch(/^whsec_/)

  const sealed = String(calls.at(-1)?.args.p_encrypted_secret)
  const place = { endpointId: created.body.id, workspaceId: WORKSPACE }
  expect(openSecret(env.ENCRYPTION_KEYS, sealed, place)).toBe(created.body.secret)

  expect((await call('GET', path)).body).not.toHaveProperty('secret')
})

const wrong: [string, object, string][] = [
  ['an address on http', { url: 'http://example.com/' }, '/url'],
  ['a private address', { url: 'https://10.0.0.1/' }, '/url'],
  ['our own address', { url: 'https://project.example.com/' }, '/url'],
  ['no address', {}, '/url'],
  [
    'an unknown type',
    { url: 'https://example.com/', event_types: ['post.exploded'] },
    '/event_types/0',
  ],
  [
    'a header that is ours',
    { url: 'https://example.com/', headers: { 'x-mine': '1', Host: 'a' } },
    '/headers/Host',
  ],
  [
    'a value with a line break',
    { url: 'https://example.com/', headers: { 'x-a': 'b\r\nhost: c' } },
    '/headers/x-a',
  ],
  ['a rate of nothing', { url: 'https://example.com/', max_per_second: 0 }, '/max_per_second'],
  ['no account at all', { url: 'https://example.com/', account_ids: [] }, '/account_ids'],
  ["a secret of the caller's", { url: 'https://example.com/', secret: 'whsec_x' }, '/secret'],
]

for (const [what, body, pointer] of wrong) {
  test(`refuses ${what} with 422 at ${pointer}, and asks the database nothing`, async () => {
    const { call, calls } = fakeApi()
    const answer = await call('POST', '/webhook-endpoints', { body })
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer])
    expect(calls).toEqual([])
  })
}

test('keeps custom headers sealed, shows their names, and leaves them alone unless they are sent', async () => {
  const { call, calls, env } = fakeApi({
    'rpc/create_webhook_endpoint': ({ p_endpoint }) => row(p_endpoint as Record<string, unknown>),
    'rpc/update_webhook_endpoint': () => row({ version: 2 }),
    webhook_endpoints: () => [row()],
  })
  const headers = { authorization: 'Bearer canary', 'x-tenant': 'seven' }
  const created = await call('POST', '/webhook-endpoints', {
    body: { url: 'https://example.com/hook', headers },
    headers: { 'workspace-id': WORKSPACE },
  })
  expect(created.body.header_names).toEqual(['authorization', 'x-tenant'])
  expect(JSON.stringify([created.body, calls])).not.toContain('canary')
  const stored = calls.at(-1)?.args.p_endpoint as { encrypted_headers: string } | undefined
  const place = { endpointId: created.body.id, workspaceId: WORKSPACE }
  expect(openHeaders(env.ENCRYPTION_KEYS, stored?.encrypted_headers ?? null, place)).toEqual(
    headers,
  )

  const changes = async (body: object) => {
    await call('PATCH', path, { body })
    return calls.at(-1)?.args.p_changes
  }
  expect(await changes({ description: 'x' })).toEqual({ description: 'x' })
  expect(await changes({ headers: null })).toEqual({ header_names: [], encrypted_headers: null })
  expect(await changes({ headers: { 'x-a': 'b' } })).toMatchObject({ header_names: ['x-a'] })
})

test('changes an endpoint at the version the caller read', async () => {
  const { call, calls } = fakeApi({ 'rpc/update_webhook_endpoint': () => row({ version: 2 }) })
  const answer = await call('PATCH', path, {
    body: { status: 'disabled' },
    headers: { 'if-match': '"1"' },
  })
  expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"2"'])
  expect(calls[0]?.args).toMatchObject({ p_changes: { status: 'disabled' }, p_version: 1 })
  expect((await call('PATCH', path, { body: {} })).status).toBe(422)
})

test("lists, reads, deletes and tests endpoints of the caller's only", async () => {
  const { call } = fakeApi({ webhook_endpoints: () => [], workspaces: () => [] })
  expect((await call('GET', path)).status).toBe(404)
  const headers = { 'workspace-id': WORKSPACE }
  expect((await call('GET', '/webhook-endpoints', { headers })).status).toBe(404)
  expect((await call('POST', `${path}/rotate-secret`)).status).toBe(404)

  for (const [method, suffix, rpc] of [
    ['DELETE', '', 'rpc/delete_webhook_endpoint'],
    ['POST', '/test', 'rpc/test_webhook_endpoint'],
  ] as const) {
    expect((await refusing(rpc, 404, 'not-found').call(method, path + suffix)).status).toBe(404)
    expect((await refusing(rpc, 403, 'role-required').call(method, path + suffix)).status).toBe(403)
    expect((await call(method, path + suffix, { as: null })).status).toBe(401)
  }
})

test('deletes with 204, and sends tests with 202', async () => {
  const { call } = fakeApi({
    'rpc/delete_webhook_endpoint': () => row(),
    'rpc/test_webhook_endpoint': () => ({ event_id: ENDPOINT }),
  })
  const gone = await call('DELETE', path)
  expect([gone.status, gone.body]).toEqual([204, ''])
  const tested = await call('POST', `${path}/test`)
  expect([tested.status, tested.body]).toEqual([202, { event_id: ENDPOINT }])
})

const AGO = '2026-11-22T11:00:00Z'
const unrecoverable: [string, object, string][] = [
  ['no beginning', {}, '/since'],
  ['a beginning that is no time', { since: 'yesterday' }, '/since'],
  ['a beginning in the future', { since: '2026-11-22T12:00:01Z' }, '/since'],
  ['more than thirty days', { since: '2026-10-23T11:59:59Z' }, '/since'],
  ['an end before its beginning', { since: AGO, until: AGO }, '/until'],
]
test.each(unrecoverable)('recovers no period with %s: 422', async (_, body, pointer) => {
  for (const action of ['recover', 'replay-missing']) {
    const { call, calls } = fakeApi()
    const answer = await call('POST', `${path}/${action}`, { body })
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer])
    expect(calls).toEqual([])
  }
})

test('recovers batch by batch until nothing is left, and counts once in a dry run', async () => {
  const left = [5_000, 5_000, 12]
  const { call, calls } = fakeApi({
    'rpc/recover_deliveries': () => {
      const deliveries = left.shift() ?? 0
      return { deliveries, has_more: deliveries === 5_000 }
    },
  })
  const body = { since: AGO }
  const dry = await call('POST', `${path}/recover?dry_run=true`, { body })
  expect([dry.status, dry.body]).toEqual([200, { deliveries: 5_000, has_more: true }])
  const done = await call('POST', `${path}/replay-missing`, { body })
  expect([done.status, done.body]).toEqual([202, { deliveries: 5_012, has_more: false }])
  const args = { p_endpoint_id: ENDPOINT, p_since: AGO, p_until: null }
  expect(calls.map((one) => one.args)).toEqual([
    { ...args, p_kind: 'failed', p_is_dry: true },
    { ...args, p_kind: 'missing', p_is_dry: false },
    { ...args, p_kind: 'missing', p_is_dry: false },
  ])
})

test('gives a new secret once, sealed for the same endpoint', async () => {
  const { call, calls, env } = fakeApi({
    webhook_endpoints: () => [row()],
    'rpc/rotate_webhook_secret': () => ({ previous_expires_at: '2026-11-23T12:00:00+00:00' }),
  })
  const { status, body } = await call('POST', `${path}/rotate-secret`)
  expect(status).toBe(200)
  const sealed = String(calls.at(-1)?.args.p_encrypted_secret)
  const place = { endpointId: ENDPOINT, workspaceId: WORKSPACE }
  expect(openSecret(env.ENCRYPTION_KEYS, sealed, place)).toBe(body.secret)
})

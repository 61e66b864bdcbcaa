import { expect, test } from 'vitest'
import { fakeApi, refused, USER } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, postRow, WORKSPACE } from '../../helpers/samples.ts'

const at = '2026-11-22T12:00:00.123456+00:00'

const workspaceRow = (overrides: Record<string, unknown> = {}) => ({
  id: WORKSPACE,
  owner_id: USER,
  name: 'Team',
  is_personal: false,
  resend_when_absent: true,
  paused_at: null,
  suspended_at: null,
  suspended_reason: null,
  created_at: at,
  version: 2,
  ...overrides,
})

test('reads a workspace with its ETag, and why the operator stopped it', async () => {
  const row = workspaceRow({ suspended_at: at, suspended_reason: 'Spam.' })
  const { call } = fakeApi({ workspaces: () => [row] })
  const { status, headers, body } = await call('GET', `/workspaces/${WORKSPACE}`)
  expect([status, headers.get('etag')]).toEqual([200, '"2"'])
  expect(body).toMatchObject({ suspended_at: at, suspended_reason: 'Spam.' })
})

test('lists the workspaces of the caller in pages', async () => {
  const { call } = fakeApi({
    workspaces: ({ or }) => (or ? [] : [workspaceRow(), workspaceRow()]),
  })
  const first = await call('GET', '/workspaces?limit=1')
  expect(first.body).toMatchObject({ has_more: true, data: [{ id: WORKSPACE }] })
  const second = await call('GET', `/workspaces?cursor=${first.body.next_cursor}`)
  expect(second.body.data).toEqual([])
})

test('pauses a workspace at the version the caller read', async () => {
  const { call, calls } = fakeApi({
    'rpc/update_workspace': () => workspaceRow({ paused_at: at, version: 3 }),
  })
  const { status, headers, body } = await call('PATCH', `/workspaces/${WORKSPACE}`, {
    body: { paused: true },
    headers: { 'if-match': '"2"' },
  })
  expect([status, headers.get('etag'), body.paused_at]).toEqual([200, '"3"', at])
  expect(calls.at(-1)?.args).toEqual({
    p_workspace_id: WORKSPACE,
    p_changes: { paused: true },
    p_version: 2,
  })
})

test('refuses what cannot be: 401, 404, 403, 412 and 422', async () => {
  const path = `/workspaces/${WORKSPACE}`
  const failing = (status: number, slug: string) =>
    fakeApi({
      'rpc/update_workspace': () => {
        throw refused(status, slug)
      },
    }).call('PATCH', path, { body: { paused: true } })
  expect((await fakeApi().call('GET', path, { as: null })).status).toBe(401)
  expect((await fakeApi({ workspaces: () => [] }).call('GET', path)).status).toBe(404)
  expect((await failing(403, 'workspace-suspended')).body.title).toBe('Workspace suspended')
  expect((await failing(403, 'role-required')).status).toBe(403)
  expect((await failing(412, 'version-mismatch')).status).toBe(412)
  for (const body of [{}, { name: ' ' }, { paused: 'yes' }, { suspended_at: null }]) {
    expect((await fakeApi().call('PATCH', path, { body })).status).toBe(422)
  }
})

test('lists posts at risk in pages, with why and what to do', async () => {
  const row = {
    due_at: at,
    patience_ends_at: at,
    post: postRow(),
    reasons: [
      { slug: 'paused', who: 'account', detail: 'Paused.', remedy: 'Resume it.', until: null },
    ],
  }
  const { call, calls } = fakeApi({
    'rpc/list_at_risk': ({ p_after }) => (p_after ? [] : [row, row]),
  })
  const headers = { 'workspace-id': WORKSPACE }
  const first = await call('GET', '/posts/at-risk?limit=1', { headers })
  expect(first.body).toMatchObject({ has_more: true, data: [row] })
  await call('GET', `/posts/at-risk?cursor=${first.body.next_cursor}`, { headers })
  expect(calls[0]?.args).toEqual({ p_workspace_id: WORKSPACE, p_after: null, p_limit: 2 })
  expect(calls[1]?.args).toEqual({ p_workspace_id: WORKSPACE, p_after: [at, POST], p_limit: 51 })
})

test('tells the health of an account over a period that is offered', async () => {
  const health = {
    account_id: ACCOUNT,
    status: 'active',
    status_detail: null,
    can_self_reply: true,
    token: { state: 'valid', expires_at: at, failing_since: null, error: null },
    lane: {
      is_open: true,
      closed_by: [],
      blocked_until: null,
      app_blocked_until: null,
      app_blocked_reason: null,
    },
    rates: [],
    queue: { length: 0, next_at: null },
    lateness: { from: at, to: at, count: 0, p50_ms: null, p95_ms: null, p99_ms: null },
  }
  const { call, calls } = fakeApi({ 'rpc/account_health': () => health })
  expect((await call('GET', `/accounts/${ACCOUNT}/health?period=24h`)).body).toEqual(health)
  expect(calls[0]?.args).toEqual({ p_account_id: ACCOUNT, p_period: '1 day' })
  expect((await call('GET', `/accounts/${ACCOUNT}/health?period=2d`)).status).toBe(422)
})

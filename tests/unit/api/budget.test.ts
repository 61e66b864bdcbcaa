import { expect, test } from 'vitest'
import { fakeApi, refused } from '../../helpers/fake-api.ts'
import { WORKSPACE } from '../../helpers/samples.ts'

const path = `/workspaces/${WORKSPACE}/budget`
const row = (overrides: Record<string, unknown> = {}) => ({
  workspace_id: WORKSPACE,
  month: '2026-11',
  limit_micros: 25_000_000,
  held_micros: 230_000,
  spent_micros: 3_105_000,
  costs: [
    { action: 'delete', count: 2, micros: 20_000 },
    { action: 'post_read', count: 9, micros: 45_000 },
  ],
  stopped_at: null,
  version: 4,
  ...overrides,
})

test('shows limit, held, spent and what remains, as dollars', async () => {
  const { call } = fakeApi({ 'rpc/get_budget': () => row() })
  const { status, headers, body } = await call('GET', path)
  expect([status, headers.get('etag')]).toEqual([200, '"4"'])
  expect(body).toEqual({
    workspace_id: WORKSPACE,
    month: '2026-11',
    monthly_limit_usd: '25.00',
    held_usd: '0.23',
    spent_usd: '3.105',
    costs_usd: '0.065',
    costs: [
      { action: 'delete', count: 2, usd: '0.02' },
      { action: 'post_read', count: 9, usd: '0.045' },
    ],
    remaining_usd: '21.60',
    status: 'open',
    stopped_at: null,
    version: 4,
  })
})

test('without a limit nothing remains to be counted', async () => {
  const { call } = fakeApi({ 'rpc/get_budget': () => row({ limit_micros: null }) })
  expect((await call('GET', path)).body).toMatchObject({
    monthly_limit_usd: null,
    remaining_usd: null,
  })
})

test('a stopped budget says since when, and that nothing remains', async () => {
  const since = '2026-11-22T12:00:00+00:00'
  const stopped = row({ limit_micros: 1_000_000, stopped_at: since })
  const { call } = fakeApi({ 'rpc/get_budget': () => stopped })
  expect((await call('GET', path)).body).toMatchObject({
    remaining_usd: '0.00',
    status: 'stopped',
    stopped_at: since,
  })
})

test.each([
  ['25', 25_000_000],
  ['0.015', 15_000],
  [null, null],
])('sets %j over the version that was read', async (limit, micros) => {
  const { call, calls } = fakeApi({ 'rpc/set_budget': () => row({ limit_micros: micros }) })
  const { status } = await call('PATCH', path, {
    body: { monthly_limit_usd: limit },
    headers: { 'if-match': '"4"' },
  })
  expect(status).toBe(200)
  expect(calls.at(-1)?.args).toEqual({
    p_workspace_id: WORKSPACE,
    p_limit_micros: micros,
    p_version: 4,
  })
})

test.each([
  ['a number', { monthly_limit_usd: 25 }, '/monthly_limit_usd'],
  ['a negative amount', { monthly_limit_usd: '-1' }, '/monthly_limit_usd'],
  ['nothing', {}, '/monthly_limit_usd'],
  ['an unknown key', { monthly_limit_usd: '1', currency: 'EUR' }, '/currency'],
])('refuses %s, naming it', async (_, body, pointer) => {
  const { call, calls } = fakeApi()
  const answer = await call('PATCH', path, { body })
  expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer])
  expect(calls).toEqual([])
})

test.each([404, 403])('answers %i as the database does', async (status) => {
  const refusing = () => {
    throw refused(status, status === 404 ? 'not-found' : 'role-required')
  }
  const { call } = fakeApi({ 'rpc/set_budget': refusing, 'rpc/get_budget': refusing })
  expect((await call('GET', path)).status).toBe(status)
  expect((await call('PATCH', path, { body: { monthly_limit_usd: '1' } })).status).toBe(status)
})

test('strangers without a token are 401', async () => {
  const { call } = fakeApi()
  expect((await call('GET', path, { as: null })).status).toBe(401)
})

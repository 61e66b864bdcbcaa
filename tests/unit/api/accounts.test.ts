import { expect, test } from 'vitest'
import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import type { Network } from '../../../shared/networks/network.ts'
import { fakeApi, NOW, refused } from '../../helpers/fake-api.ts'
import { ACCOUNT, accountRow, WORKSPACE } from '../../helpers/samples.ts'

test('shows of an account what callers may see, and no more', async () => {
  const { call } = fakeApi({ accounts: () => [accountRow()] })
  const { status, headers, body } = await call('GET', `/accounts/${ACCOUNT}`)
  expect(status).toBe(200)
  expect(headers.get('etag')).toBe('"1"')
  expect(body).toMatchObject({ id: ACCOUNT, twitter_username: 'someone' })
  expect(body).toMatchObject({ x_app_id: '00000000-0000-0000-0000-000000000001' })
  expect(body).not.toHaveProperty('profile_asked_at')
})

test('lists the personal workspace unless another is named', async () => {
  const queries: Record<string, unknown>[] = []
  const { call } = fakeApi({
    accounts: (query) => {
      queries.push(query)
      return [accountRow()]
    },
  })
  await call('GET', '/accounts')
  await call('GET', '/accounts', { headers: { 'workspace-id': WORKSPACE } })
  expect(queries[0]).toMatchObject({ 'workspaces.is_personal': 'is.true', limit: '51' })
  expect(queries[1]).toMatchObject({ workspace_id: `eq.${WORKSPACE}` })
})

test('goes on after the last account of a page, whatever its time of creation', async () => {
  const queries: Record<string, unknown>[] = []
  const { call } = fakeApi({
    accounts: (query) => {
      queries.push(query)
      return [accountRow(), accountRow()]
    },
  })
  const { body } = await call('GET', '/accounts?limit=1')
  await call('GET', `/accounts?limit=1&cursor=${body.next_cursor}`)
  expect(queries[1]?.or).toBe(
    `(created_at.lt."2026-11-22T12:00:00.123456+00:00",and(created_at.eq."2026-11-22T12:00:00.123456+00:00",id.lt.${ACCOUNT}))`,
  )
})

test("answers 404 for accounts and workspaces that are not the caller's to see", async () => {
  const { call } = fakeApi({ accounts: () => [], workspaces: () => [] })
  const headers = { 'workspace-id': WORKSPACE }
  expect((await call('GET', `/accounts/${ACCOUNT}`)).status).toBe(404)
  expect((await call('GET', '/accounts/mine')).status).toBe(404)
  expect((await call('GET', '/accounts', { headers })).status).toBe(404)
})

test('pauses an account at the version the caller read', async () => {
  const { call, calls } = fakeApi({
    'rpc/update_account': () => accountRow({ status: 'paused', version: 2 }),
  })
  const { status, headers, body } = await call('PATCH', `/accounts/${ACCOUNT}`, {
    body: { paused: true },
    headers: { 'if-match': '"1"' },
  })
  expect([status, headers.get('etag'), body.status]).toEqual([200, '"2"', 'paused'])
  expect(calls[0]?.args).toEqual({
    p_account_id: ACCOUNT,
    p_changes: { paused: true },
    p_version: 1,
  })
})

test('changes nothing but what may be changed', async () => {
  const { call, calls } = fakeApi()
  for (const body of [{}, { status: 'active' }, { paused: 'yes' }, { time_zone: '' }]) {
    expect((await call('PATCH', `/accounts/${ACCOUNT}`, { body })).status).toBe(422)
  }
  expect(calls).toEqual([])
})

test('disconnects an account; members with too low a role are told so', async () => {
  const ok = fakeApi({ 'rpc/disconnect_account': () => accountRow({ status: 'disconnected' }) })
  expect((await ok.call('DELETE', `/accounts/${ACCOUNT}`)).body.status).toBe('disconnected')
  const viewer = fakeApi({
    'rpc/disconnect_account': () => {
      throw refused(403, 'role-required')
    },
  })
  expect((await viewer.call('DELETE', `/accounts/${ACCOUNT}`)).status).toBe(403)
  expect((await viewer.call('DELETE', `/accounts/${ACCOUNT}`, { as: null })).status).toBe(401)
})

/** An account whose profile is asked for, and what the network answers. */
const refreshing = (answer: object, { isDue = true, isKnown = true, hasTokens = true } = {}) => {
  const place = { account_id: ACCOUNT, workspace_id: WORKSPACE }
  const tokens = { access_token: 'access', refresh_token: 'refresh', scope: '' }
  const api = fakeApi(
    {
      accounts: () => [accountRow()],
      'rpc/start_profile_refresh': () => ({
        ...place,
        status: 'active',
        is_due: isDue,
        is_known: isKnown,
      }),
      'service.get_token_holder': () =>
        hasTokens
          ? {
              ...place,
              encrypted_tokens: sealTokens(api.env.ENCRYPTION_KEYS, tokens, place),
              tokens_expire_at: new Date(NOW.getTime() + 3_600_000).toISOString(),
              tokens_version: 1,
            }
          : null,
      'service.save_profile': () => ({}),
    },
    { me: async () => answer as Awaited<ReturnType<Network['me']>> },
  )
  const saved = () => api.calls.find(({ name }) => name === 'service.save_profile')?.args
  return { saved, refresh: () => api.call('POST', `/accounts/${ACCOUNT}/refresh`) }
}

const profile = {
  kind: 'profile',
  profile: { remoteUserId: '42', username: 'renamed', name: 'New', lengthLimit: 25_000 },
}

test('asks the network for the profile again, and keeps what it says', async () => {
  const { refresh, saved } = refreshing(profile)
  expect((await refresh()).status).toBe(200)
  expect(saved()).toEqual({
    p_account_id: ACCOUNT,
    p_profile: {
      remote_user_id: '42',
      twitter_username: 'renamed',
      display_name: 'New',
      text_limit: 25_000,
    },
  })
})

const said = { slug: 'why', detail: 'Because.', who: 'account', remedy: 'Ask its owner.' }

test.each([
  ['retry', 503, /again/],
  ['unknown', 503, /again/],
  ['refused', 409, /owner/],
  ['account_blocked', 409, /owner/],
])('a network that answers %s changes nothing', async (kind, status, remedy) => {
  const { refresh, saved } = refreshing({ kind, ...said })
  expect(await refresh()).toMatchObject({ status, body: { remedy: expect.stringMatching(remedy) } })
  expect(saved()).toBeUndefined()
})

test('is not asked twice a minute: the answer is what it said, or that it did not answer', async () => {
  const known = refreshing(profile, { isDue: false })
  expect((await known.refresh()).status).toBe(200)
  const silent = refreshing(profile, { isDue: false, isKnown: false })
  expect(await silent.refresh()).toMatchObject({ status: 503, body: { retry_after_seconds: 60 } })
  expect([known.saved(), silent.saved()]).toEqual([undefined, undefined])
})

test('an account without tokens is told to be connected again', async () => {
  const { refresh } = refreshing(profile, { hasTokens: false })
  expect(await refresh()).toMatchObject({
    status: 409,
    body: { remedy: expect.stringContaining('/accounts/connect') },
  })
})

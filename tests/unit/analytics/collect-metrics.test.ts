import { expect, test, vi } from 'vitest'
import { collectMetrics } from '../../../shared/analytics/collect-metrics.ts'
import type { Network } from '../../../shared/networks/network.ts'
import type { Failure } from '../../../shared/networks/outcome.ts'
import { claimOf, collection, counters, fakeDeps, fakeNetwork, NOW } from './fakes.ts'

const said = { slug: 'slug', detail: 'Why.', who: 'provider', remedy: 'None.' } as const

const collect = async (metrics: Network['metrics'], answers = {}, refresh?: Network['refresh']) => {
  const fake = fakeDeps({ claim_collections: [claimOf(await collection('a', 2))], ...answers })
  const network = fakeNetwork({ metrics, ...(refresh ? { refresh } : {}) })
  const claimed = await collectMetrics(fake.deps, network)
  return { ...fake, claimed, saved: fake.callsOf('save_metrics') }
}

test('saves what the network disclosed, on the clock of the database', async () => {
  const metrics = vi.fn<Network['metrics']>(async (_token, ids) => ({
    kind: 'metrics',
    rates: [],
    posts: ids.map((id) => counters(id)),
  }))
  const { saved, calls, claimed } = await collect(metrics)

  expect(metrics.mock.calls[0]?.slice(0, 2)).toEqual(['token-a', ['a0', 'a1']])
  expect(claimed).toBe(1)
  expect(saved).toEqual([
    {
      p_claim_id: calls[0]?.args.p_claim_id,
      p_released: [
        { account_id: 'account-a', scope: 'account', blocked_until: null, detail: null },
      ],
      p_readings: [0, 1].map((position) => ({
        post_id: 'post-a',
        position,
        timestamp: NOW.toISOString(),
        outcome: 'read',
        impressions: 10,
        engagements: 3,
        clicks: null,
        likes: 2,
        reposts: 1,
        replies: 0,
        quotes: 0,
        bookmarks: 0,
        profile_clicks: null,
      })),
    },
  ])
})

test('leaves the last tenth of a rate window to publishing and people', async () => {
  const window = { scope: 'account' as const, seconds: 900, limit: 100 }
  const resetAt = new Date(NOW.getTime() + 300_000)
  const released = async (remaining: number) => {
    const rates = [{ ...window, remaining, resetAt }]
    const { saved } = await collect(async (_, ids) => ({
      kind: 'metrics',
      rates,
      posts: ids.map((id) => counters(id)),
    }))
    return saved[0]?.p_released
  }
  const release = { account_id: 'account-a', scope: 'account', detail: null }
  expect(await released(10)).toEqual([{ ...release, blocked_until: null }])
  expect(await released(9)).toEqual([{ ...release, blocked_until: resetAt.toISOString() }])
})

test('reports segments the network does not have, said or unsaid, as missing', async () => {
  const { saved } = await collect(async () => ({
    kind: 'metrics',
    rates: [],
    posts: [{ kind: 'missing', remoteId: 'a0', slug: 'not-found', detail: 'Gone.' }],
  }))

  const missing = (position: number) => ({
    post_id: 'post-a',
    position,
    timestamp: NOW.toISOString(),
    outcome: 'missing',
  })
  expect(saved[0]?.p_readings).toEqual([missing(0), missing(1)])
})

test('a failure is no reading: the account is left alone for a while', async () => {
  const { saved } = await collect(async () => ({
    ...said,
    rates: [],
    kind: 'retry',
    after: new Date(NOW.getTime() + 90_000),
    scope: 'app',
  }))

  expect(saved).toMatchObject([
    {
      p_readings: [],
      p_released: [
        { scope: 'app', blocked_until: '2026-11-22T12:01:30.000Z', detail: 'slug: Why.' },
      ],
    },
  ])
})

const refusal: Failure & { rates: [] } = { kind: 'reauth', ...said, rates: [] }
const granted: Network['refresh'] = async () => ({
  kind: 'granted',
  rates: [],
  tokens: { accessToken: 'new', refreshToken: 'next', scope: '', expiresAt: NOW },
})
const { encrypted_tokens, tokens_expire_at } = await collection('a')
const leased = {
  lease_token_refresh: [
    { leased: true, version: 1, encrypted_tokens, expires_at: tokens_expire_at },
  ],
  save_refreshed_tokens: [{ saved: true }],
}

test('believes a 401 only after one refresh, and asks again with the new token', async () => {
  const metrics: Network['metrics'] = async (token, ids) =>
    token === 'new' ? { kind: 'metrics', rates: [], posts: ids.map((id) => counters(id)) } : refusal
  const { saved, callsOf } = await collect(metrics, leased, granted)

  expect(callsOf('save_refreshed_tokens')).toHaveLength(1)
  expect(saved[0]?.p_readings).toHaveLength(2)
})

test('a 401 to a fresh token sets the account aside and says nothing about it', async () => {
  const { saved, callsOf } = await collect(async () => refusal, leased, granted)

  expect(callsOf('require_reauth')).toEqual([])
  expect(saved).toMatchObject([
    { p_readings: [], p_released: [{ blocked_until: '2026-11-22T12:15:00.000Z' }] },
  ])
})

test('an account that cannot be read at all is set aside, and the others are read', async () => {
  const broken = { ...(await collection('b')), encrypted_tokens: 'v1.k1.broken.broken' }
  const { callsOf } = await collect(
    async (_token, ids) => ({ kind: 'metrics', rates: [], posts: ids.map((id) => counters(id)) }),
    { claim_collections: [claimOf(broken, await collection('a'))] },
  )

  const saved = callsOf('save_metrics')
  const released = saved.flatMap((args) => args.p_released)
  expect(released).toHaveLength(2)
  expect(released).toContainEqual({
    account_id: 'account-b',
    scope: 'account',
    blocked_until: '2026-11-22T12:01:00.000Z',
    detail: expect.any(String),
  })
  expect(released).toContainEqual(
    expect.objectContaining({ account_id: 'account-a', detail: null }),
  )
})

test('repeats a claim and a save whose answer was lost, unchanged', async () => {
  const lost = new Error('connection lost')
  const { calls, callsOf } = await collect(
    async (_token, ids) => ({ kind: 'metrics', rates: [], posts: ids.map((id) => counters(id)) }),
    {
      claim_collections: [lost, claimOf(await collection('a'))],
      save_metrics: [lost, { now: NOW.toISOString() }],
    },
  )

  expect(calls[0]?.args).toEqual(calls[1]?.args)
  const [first, second] = callsOf('save_metrics')
  expect(second).toEqual(first)
})

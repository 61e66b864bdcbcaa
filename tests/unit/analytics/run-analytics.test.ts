import { expect, test } from 'vitest'
import { createApp } from '../../../functions/analytics/app.ts'
import { runAnalytics } from '../../../shared/analytics/run-analytics.ts'
import { claimOf, collection, counters, fakeDeps, fakeNetwork } from './fakes.ts'

const network = fakeNetwork({
  metrics: async (_token, ids) => ({
    kind: 'metrics',
    rates: [],
    posts: ids.map((id) => counters(id)),
  }),
})
const done = { folded: 1, is_empty: true }
const isolate = () => ({ startedAt: 0, cpuMs: 0 })

test('goes on until nothing is due and nothing is left to fold', async () => {
  const account = await collection()
  const { deps, calls } = fakeDeps({
    claim_collections: [claimOf(account), claimOf(account), claimOf()],
    roll_up: [{ folded: 5, is_empty: false }, done],
  })

  await runAnalytics(deps, network, isolate())

  expect(calls.map(({ fn }) => fn)).toEqual([
    'claim_collections',
    'save_metrics',
    'roll_up',
    'roll_up',
    'claim_collections',
    'save_metrics',
    'roll_up',
    'claim_collections',
    'roll_up',
  ])
})

test('does not spin when others hold what is left to fold', async () => {
  const { deps, callsOf } = fakeDeps({
    claim_collections: [claimOf()],
    roll_up: [{ folded: 0, is_empty: false }],
  })

  await runAnalytics(deps, network, isolate())

  expect(callsOf('roll_up')).toHaveLength(1)
})

test('takes no more when half of its life is over', async () => {
  const fake = fakeDeps({
    claim_collections: [claimOf(await collection())],
    roll_up: [done],
    save_metrics: [{}],
  })
  const slow = fakeNetwork({
    metrics: async (_token, ids) => {
      fake.advance(30_000)
      return { kind: 'metrics', rates: [], posts: ids.map((id) => counters(id)) }
    },
  })

  await runAnalytics(fake.deps, slow, isolate())

  expect(fake.callsOf('claim_collections')).toHaveLength(3)
})

test('counts CPU over all runs of an isolate', async () => {
  const { deps, callsOf } = fakeDeps({
    claim_collections: [claimOf(await collection())],
    roll_up: [done],
  })

  await runAnalytics(deps, network, { startedAt: 0, cpuMs: 990 })

  expect(callsOf('claim_collections').length).toBeLessThan(6)
})

const post = (headers: Record<string, string>) =>
  new Request('http://127.0.0.1/analytics', { method: 'POST', headers })

test('answers 202 to cron and works in the background', async () => {
  const { deps, callsOf, settled } = fakeDeps({ claim_collections: [claimOf()], roll_up: [done] })

  const response = await createApp(deps, network).fetch(post({ apikey: 'sb_secret_cron' }))
  await settled()

  expect(response.status).toBe(202)
  expect(callsOf('claim_collections')).toHaveLength(1)
})

test.each([
  [{}],
  [{ apikey: 'sb_secret_x' }],
  [{ apikey: 'sb_publishable_x' }],
  [{ apikey: 'no' }],
])('answers 401 to %j and does nothing', async (headers) => {
  const { deps, calls, settled } = fakeDeps({})

  const response = await createApp(deps, network).fetch(post(headers as Record<string, string>))
  await settled()

  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(calls).toEqual([])
})

import { expect, test } from 'vitest'
import type { RateWindow } from '../../../shared/networks/network.ts'
import { recordRates, watchRates } from '../../../shared/publishing/record-rates.ts'
import { accepted, fakeNetwork, fakeWorker, START } from '../../helpers/fake-worker.ts'

const window = (remaining: number, overrides: Partial<RateWindow> = {}): RateWindow => ({
  scope: 'account',
  seconds: 900,
  limit: 100,
  remaining,
  resetAt: new Date(START.getTime() + 600_000),
  ...overrides,
})

/** Sends one post whose answer carries these windows, and records what was seen. */
const publish = async (rates: RateWindow[], database = {}) => {
  const worker = fakeWorker(database)
  const inner = fakeNetwork({ publish: async () => ({ ...accepted('1'), rates }) })
  const { network, tight } = watchRates(inner, () => START)
  const answer = await network.publish('token', { text: 'text' })
  expect(answer).toEqual({ ...accepted('1'), rates })
  await recordRates(worker.deps, 'account', tight())
  return worker
}

test('an ordinary answer costs no call', async () => {
  expect((await publish([window(99), window(10)])).calls).toEqual([])
  expect((await publish([])).calls).toEqual([])
})

test('a window of which less than a tenth is left is kept', async () => {
  const daily = window(3, { scope: 'app', seconds: 86_400, limit: 10_000 })
  const worker = await publish([window(50), window(9), daily])
  const row = { account_id: 'account', endpoint: 'publish', resets_at: daily.resetAt.toISOString() }
  expect(worker.callsOf('record_rates')).toEqual([
    {
      p_windows: [
        { ...row, scope: 'account', seconds: 900, limit: 100, remaining: 9 },
        { ...row, scope: 'app', seconds: 86_400, limit: 10_000, remaining: 3 },
      ],
    },
  ])
})

test('a window that has ended, or that is none, tells nothing', async () => {
  const worker = await publish([
    window(0, { resetAt: START }),
    window(0, { limit: 0 }),
    window(0, { resetAt: new Date(Number.NaN) }),
  ])
  expect(worker.calls).toEqual([])
})

test('a database that does not answer stops nothing', async () => {
  const worker = await publish([window(1)], {
    record_rates: () => {
      throw new Error('gone')
    },
  })
  expect(worker.logs).toHaveLength(1)
})

import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  callAs,
  claim,
  createEndpoint,
  delivered,
  emit,
  retry,
  settleAll,
} from '../../helpers/webhooks.ts'

const STEP_MS = 50

/** When, in ms, each delivery began, with a worker that asks every 50 ms and endpoints that answer at once. */
const begun = async (tx: Tx, forMs: number): Promise<number[]> => {
  const moments: number[] = []
  for (let now = 0; now < forMs; now += STEP_MS) {
    const batch = await claim(tx, { now: at(now / 1000) })
    moments.push(...batch.deliveries.map(() => now))
    await settleAll(tx, batch, delivered, at(now / 1000))
  }
  return moments
}

/** The most that began within any second. */
const mostPerSecond = (moments: number[]) =>
  Math.max(...moments.map((from) => moments.filter((it) => it >= from && it < from + 1_000).length))

test.each([
  [1, 1],
  [5, 5],
  [40, 44],
])('%i per second are %i within any second at most, and no fewer on average', (rate, most) =>
  withTx(async (tx) => {
    const { endpoint } = await createEndpoint(tx, { max_per_second: rate, max_in_flight: 100 })
    await emit(tx, endpoint.workspace_id, 'post.published', rate * 4)
    const moments = await begun(tx, 3_000)
    expect(mostPerSecond(moments)).toBeLessThanOrEqual(most)
    expect(moments.length).toBeGreaterThanOrEqual(Math.floor(rate * 2.9))
  }),
)

test('a quiet hour saves up no burst, and retries count', () =>
  withTx(async (tx) => {
    const { endpoint } = await createEndpoint(tx, { max_per_second: 2 })
    await emit(tx, endpoint.workspace_id, 'post.published', 6)
    const first = await claim(tx, { now: at(3_600) })
    expect(first.deliveries).toHaveLength(1)
    expect(first.next_in_ms).toBe(500)

    await settleAll(tx, first, retry(0), at(3_600))
    expect((await claim(tx, { now: at(3_600.4) })).deliveries).toEqual([])
    expect((await claim(tx, { now: at(3_600.5) })).deliveries).toHaveLength(1)
  }))

test('the rate of one endpoint holds back no other, and lifting it takes effect at once', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx, { max_per_second: 1 })
    const { endpoint: free } = await createEndpoint(tx, {}, person)
    await emit(tx, endpoint.workspace_id, 'post.published', 5)
    const { deliveries } = await claim(tx)
    const of = (id: string) => deliveries.filter((it) => it.endpoint_id === id).length
    expect([of(endpoint.id), of(free.id)]).toEqual([1, 5])

    const lift = { max_per_second: null }
    await callAs(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, lift])
    expect((await claim(tx, { now: at(1) })).deliveries).toHaveLength(4)
  }))

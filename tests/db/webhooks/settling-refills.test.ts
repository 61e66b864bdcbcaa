import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { DeliveryClaim, DeliveryResult } from '../../../shared/webhooks/batches.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  callAs,
  claim,
  createEndpoint,
  delivered,
  emit,
  NOW,
  resultOf,
  retry,
} from '../../helpers/webhooks.ts'

type Refilled = Pick<DeliveryClaim, 'deliveries' | 'endpoints' | 'next_in_ms'>

const settleAndTake = async (
  tx: Tx,
  results: DeliveryResult[],
  { claimId = randomUUID(), limit = 100, now = NOW } = {},
): Promise<Refilled> =>
  (
    await tx.query(
      `select service.settle_deliveries(
         $1, $2, gen_random_uuid(), $3, interval '60 seconds', $4
       ) as value`,
      [JSON.stringify(results), claimId, limit, now],
    )
  ).rows[0].value

const idsOf = ({ deliveries }: Pick<Refilled, 'deliveries'>) => deliveries.map(({ id }) => id)
const resultsOf = ({ deliveries }: DeliveryClaim, rest: object = delivered) =>
  deliveries.map((delivery) => resultOf(delivery, rest))

/** An endpoint that takes four at a time, with ten events; four are under way. */
const busyEndpoint = async (tx: Tx) => {
  const { endpoint, person } = await createEndpoint(tx, { max_in_flight: 4 })
  await emit(tx, endpoint.workspace_id, 'post.published', 10)
  const first = await claim(tx)
  expect(first.deliveries).toHaveLength(4)
  return { endpoint, person, first }
}

test('settling hands out the next deliveries of the endpoint, as many as it may have', () =>
  withTx(async (tx) => {
    const { endpoint, first } = await busyEndpoint(tx)
    const next = await settleAndTake(tx, resultsOf(first).slice(0, 3))
    expect(next.deliveries).toHaveLength(3)
    expect(next.endpoints.map(({ id }) => id)).toEqual([endpoint.id])
    expect(idsOf(first)).not.toEqual(expect.arrayContaining(idsOf(next)))
    // Full again: nobody else gets anything.
    expect((await claim(tx)).deliveries).toEqual([])
  }))

test('takes no more than its caller has room for, and nothing without a limit', () =>
  withTx(async (tx) => {
    const { first } = await busyEndpoint(tx)
    const [one, two, ...rest] = resultsOf(first) as [DeliveryResult, DeliveryResult]
    expect((await settleAndTake(tx, [one, two, ...rest], { limit: 1 })).deliveries).toHaveLength(1)
    const none = await settleAndTake(tx, [one], { limit: 0 })
    expect(none).not.toHaveProperty('deliveries')
    expect((await claim(tx)).deliveries).toHaveLength(3)
  }))

test('a call whose answer was lost is answered alike and takes nothing more', () =>
  withTx(async (tx) => {
    const { first } = await busyEndpoint(tx)
    const claimId = randomUUID()
    const results = resultsOf(first)
    const answered = await settleAndTake(tx, results, { claimId, limit: 2 })
    const again = await settleAndTake(tx, results, { claimId, limit: 2 })
    expect(idsOf(again)).toEqual(idsOf(answered))
    expect(idsOf(again)).toHaveLength(2)
  }))

test('while another endpoint is ready nothing is handed out: they take turns by claims', () =>
  withTx(async (tx) => {
    const { endpoint, first } = await busyEndpoint(tx)
    const { endpoint: other } = await createEndpoint(tx)
    await emit(tx, other.workspace_id)
    await tx.query('select private.stamp_events()')
    expect((await settleAndTake(tx, resultsOf(first))).deliveries).toEqual([])
    const claimed = await claim(tx)
    expect(new Set(claimed.deliveries.map(({ endpoint_id }) => endpoint_id))).toEqual(
      new Set([endpoint.id, other.id]),
    )
  }))

test('an endpoint that asked to be left alone is left alone', () =>
  withTx(async (tx) => {
    const { first } = await busyEndpoint(tx)
    const [last, ...others] = resultsOf(first)
    const busy = { ...last, ...retry(60, { pause_ms: 60_000 }) } as DeliveryResult
    expect((await settleAndTake(tx, [...others, busy])).deliveries).toEqual([])
    expect((await claim(tx)).deliveries).toEqual([])
    expect((await claim(tx, { now: at(61) })).deliveries).not.toEqual([])
  }))

test('an endpoint that was disabled meanwhile gets nothing more', () =>
  withTx(async (tx) => {
    const { endpoint, person, first } = await busyEndpoint(tx)
    const disabled = { status: 'disabled' }
    await callAs(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, disabled])
    expect((await settleAndTake(tx, resultsOf(first))).deliveries).toEqual([])
  }))

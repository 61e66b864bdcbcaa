import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claim,
  createEndpoint,
  delivered,
  emit,
  readDeliveries,
  resultOf,
  retry,
  settle,
  tick,
} from '../../helpers/webhooks.ts'

const endpointWith = async (tx: Tx, events: number, options: Record<string, unknown> = {}) => {
  const { endpoint } = await createEndpoint(tx, { max_in_flight: 100, ...options })
  await emit(tx, endpoint.workspace_id, 'post.published', events)
  return endpoint
}

test('answers a repeated claim with the same batch', () =>
  withTx(async (tx) => {
    await endpointWith(tx, 3)
    const claimId = randomUUID()
    const first = await claim(tx, { claimId })
    expect(first.deliveries).toHaveLength(3)
    expect((await claim(tx, { claimId })).deliveries).toEqual(first.deliveries)
  }))

test('hands out nothing of an endpoint that was disabled before the claim was repeated', () =>
  withTx(async (tx) => {
    const endpoint = await endpointWith(tx, 1)
    const claimId = randomUUID()
    expect((await claim(tx, { claimId })).endpoints).toMatchObject([{ id: endpoint.id }])
    await tx.query(`select private.disable_webhook_endpoints(array[$1::uuid], 'requested')`, [
      endpoint.id,
    ])
    expect((await claim(tx, { claimId })).endpoints).toEqual([])

    await tick(tx, at(61))
    const [delivery] = await readDeliveries(tx, endpoint.id)
    expect(delivery?.failure).toBe('endpoint-disabled')
  }))

test('takes a lapsed lease again, and logs the attempt nobody reported', () =>
  withTx(async (tx) => {
    const endpoint = await endpointWith(tx, 1)
    await claim(tx)
    expect((await claim(tx, { now: at(59) })).deliveries).toEqual([])

    const again = await claim(tx, { now: at(60) })
    expect(again.deliveries).toMatchObject([{ number: 2, failure_count: 0 }])

    const [delivery] = await readDeliveries(tx, endpoint.id)
    const { rows } = await tx.query(
      'select * from public.webhook_attempts where delivery_id = $1',
      [delivery?.id],
    )
    expect(rows).toMatchObject([{ number: 1, outcome: 'lost', error: 'worker-lost' }])
  }))

test('a late failure changes nothing, a late success counts', () =>
  withTx(async (tx) => {
    const endpoint = await endpointWith(tx, 1)
    const [lost] = (await claim(tx)).deliveries
    const [current] = (await claim(tx, { now: at(60) })).deliveries
    if (!lost || !current) throw new Error('nothing claimed')

    await settle(tx, [resultOf(lost, retry(5))], at(61))
    expect((await claim(tx, { now: at(90) })).deliveries).toEqual([])

    const [delivery] = await readDeliveries(tx, endpoint.id)
    expect(delivery?.status).toBe('pending')
    await settle(tx, [resultOf(current, delivered)], at(62))
    await settle(tx, [resultOf(current, delivered)], at(63))
    expect(await readDeliveries(tx, endpoint.id)).toMatchObject([
      { status: 'delivered', attempt_count: 2 },
    ])
  }))

test('is fair: a backlog of one workspace does not delay another', () =>
  withTx(async (tx) => {
    const busy = await endpointWith(tx, 200)
    const quiet = await endpointWith(tx, 2)
    const { deliveries } = await claim(tx, { limit: 10 })
    const of = (id: string) => deliveries.filter((it) => it.endpoint_id === id).length
    expect(of(quiet.id)).toBe(2)
    expect(of(busy.id)).toBe(8)
  }))

test('says when to come back: never, later, or at once', () =>
  withTx(async (tx) => {
    expect((await claim(tx)).next_in_ms).toBeNull()
    await endpointWith(tx, 3)
    const batch = await claim(tx, { limit: 2 })
    expect(batch.next_in_ms).toBe(0)
    const rest = await claim(tx)
    expect(rest.deliveries).toHaveLength(1)
    expect(rest.next_in_ms).toBe(60_000)
    const [first] = batch.deliveries
    if (first)
      expect(await settle(tx, [resultOf(first, retry(5))])).toMatchObject({ next_in_ms: 5_000 })
  }))

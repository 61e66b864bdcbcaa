import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, type Tx, withTx } from '../../helpers/database.ts'
import { count } from '../../helpers/publishing.ts'
import {
  at,
  claim,
  createEndpoint,
  delivered,
  emit,
  NOW,
  readDeliveries,
  resultOf,
  settle,
  settleAll,
  tick,
} from '../../helpers/webhooks.ts'

/** A worker with two deliveries under way. */
const workerAtWork = async (tx: Tx) => {
  const workerId = randomUUID()
  const { endpoint } = await createEndpoint(tx)
  await emit(tx, endpoint.workspace_id, 'post.published', 2)
  const { deliveries } = await claim(tx, { workerId })
  const beat = (now: Date) =>
    tx.query('select service.keep_delivery_worker($1, $2)', [workerId, now])
  return { workerId, endpoint, deliveries, beat }
}

test('what a silent worker holds is taken again after six seconds, and logged as lost', () =>
  withTx(async (tx) => {
    const { endpoint, deliveries } = await workerAtWork(tx)

    await tick(tx, at(6))
    expect((await claim(tx, { now: at(6) })).deliveries).toEqual([])
    await tick(tx, at(7))

    const again = await claim(tx, { now: at(7) })
    expect(again.deliveries.map(({ id }) => id).sort()).toEqual(
      deliveries.map(({ id }) => id).sort(),
    )
    expect(again.deliveries.map(({ number }) => number)).toEqual([2, 2])
    const { rows } = await tx.query(
      'select outcome, started_at from public.webhook_attempts where workspace_id = $1',
      [endpoint.workspace_id],
    )
    expect(rows).toEqual([
      { outcome: 'lost', started_at: NOW },
      { outcome: 'lost', started_at: NOW },
    ])
  }))

test('a worker that says it lives keeps what it has', () =>
  withTx(async (tx) => {
    const { beat } = await workerAtWork(tx)

    await beat(at(5))
    await tick(tx, at(11))

    expect((await claim(tx, { now: at(11) })).deliveries).toEqual([])
  }))

test('what a worker given up too early reports is adopted, and nobody delivers it once more', () =>
  withTx(async (tx) => {
    const { endpoint, deliveries } = await workerAtWork(tx)
    await tick(tx, at(7))

    await settle(
      tx,
      deliveries.map((one) => resultOf(one, delivered)),
      at(10),
    )

    expect((await claim(tx, { now: at(10) })).deliveries).toEqual([])
    expect((await readDeliveries(tx, endpoint.id)).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
    ])
  }))

test('a worker that ended with nothing under way is forgotten', () =>
  withTx(async (tx) => {
    const workerId = randomUUID()
    await claim(tx, { workerId })
    await tick(tx, at(7))
    expect(await count(tx, 'private.delivery_workers where id = $1', [workerId])).toBe(0)
  }))

test('the tick waits for no worker that is claiming at that moment', async () => {
  const [tx, claiming] = [await connect(), await connect()]
  const workerId = randomUUID()
  const { endpoint } = await createEndpoint(tx)
  await emit(tx, endpoint.workspace_id, 'post.published', 3)
  await settleAll(tx, await claim(tx, { workerId }), delivered)

  await claiming.query('begin')
  await claim(claiming, { workerId, now: at(20) })
  await tx.query(`set statement_timeout = '2s'`)
  await tick(tx, at(20))
  await claiming.query('commit')

  expect(await count(tx, 'private.delivery_workers where id = $1', [workerId])).toBe(1)
})

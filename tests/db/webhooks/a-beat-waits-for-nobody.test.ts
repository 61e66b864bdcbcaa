import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, disconnect, type Tx } from '../../helpers/database.ts'
import { at, claim, createEndpoint, delivered, emit, resultOf } from '../../helpers/webhooks.ts'

/** A worker with deliveries under way, and a second connection of it that waits for no lock. */
const workerAtWork = async () => {
  const [tx, beating] = [await connect(), await connect()]
  await beating.query(`set lock_timeout = '1ms'`)
  const workerId = randomUUID()
  const { endpoint } = await createEndpoint(tx)
  await emit(tx, endpoint.workspace_id, 'post.published', 4)
  const { deliveries } = await claim(tx, { workerId, limit: 2 })
  const beat = (seconds: number) =>
    beating.query('select service.keep_delivery_worker($1, $2)', [workerId, at(seconds)])
  const close = () => Promise.all([tx, beating].map(disconnect))
  return { tx, workerId, deliveries, beat, close }
}

const aliveAt = async (tx: Tx, workerId: string): Promise<Date | undefined> =>
  (await tx.query('select alive_at from private.delivery_workers where id = $1', [workerId]))
    .rows[0]?.alive_at

test('a beat waits neither for a settle of its worker nor for a claim', async () => {
  const { tx, workerId, deliveries, beat, close } = await workerAtWork()
  const results = JSON.stringify(deliveries.map((one) => resultOf(one, delivered)))
  await tx.query('begin')
  await tx.query('select service.settle_deliveries($1, gen_random_uuid(), $2, 10, p_now => $3)', [
    results,
    workerId,
    at(4),
  ])
  await beat(5)
  await tx.query('commit')
  expect(await aliveAt(tx, workerId)).toEqual(at(4))

  await tx.query('begin')
  await claim(tx, { workerId, now: at(6) })
  await beat(7)
  await tx.query('commit')
  await beat(8)
  expect(await aliveAt(tx, workerId)).toEqual(at(8))
  await close()
})

test('until a settle ends its worker is as old as its last beat, however long it takes', async () => {
  const { tx, workerId, deliveries, beat, close } = await workerAtWork()
  const locking = await connect()
  await locking.query('begin')
  await locking.query('select from private.endpoint_lanes for update')
  const settling = tx.query(
    'select service.settle_deliveries($1, gen_random_uuid(), $2, 10, p_now => $3)',
    [JSON.stringify(deliveries.map((one) => resultOf(one, delivered))), workerId, at(1)],
  )
  await beat(5)
  expect(await aliveAt(locking, workerId)).toEqual(at(5))
  await locking.query('commit')
  await settling
  expect(await aliveAt(tx, workerId)).toEqual(at(5))
  await disconnect(locking)
  await close()
})

test('a worker that was buried while it lived is known again with its next beat', async () => {
  const { tx, workerId, beat, close } = await workerAtWork()
  await tx.query('select private.bury_delivery_workers($1)', [at(60)])
  expect(await aliveAt(tx, workerId)).toBeUndefined()
  await beat(61)
  expect(await aliveAt(tx, workerId)).toEqual(at(61))
  await close()
})

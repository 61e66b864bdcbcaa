import { beforeAll, expect, test } from 'vitest'
import { type Fleet, newFleet, scheduleBatch } from '../../helpers/chaos-batch.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { acceptedOf, expectOnceEach, untilAccepted } from '../../helpers/chaos-truth.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
let fleet: Fleet

beforeAll(async () => {
  fleet = await newFleet(chaos, 40)
  // Ten posts of an account take four seconds, so that there is something to give back.
  const match = { method: 'POST', path: '/2/tweets' }
  await chaos.x().addFault({ match, kind: 'latency', ms: 400 })
})

const ask = async (sql: string, values: unknown[] = []) =>
  (await chaos.sql().query(sql, values)).rows
const HOLDERS = 'select worker_id from private.account_lanes where claim_id is not null'
const IN_DOUBT = `select from public.events where type = 'post.unconfirmed' and subject_id = any ($1::uuid[])`

test('a worker told of its end gives back what it has not sent, and its death leaves nothing in doubt', async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 400, inMs: 8_000 })
  await untilAccepted(chaos, batch, 40)

  const told = (await ask(HOLDERS)).map(({ worker_id }) => worker_id)
  const pid = await chaos.stack().functions.announceEnd('publish')
  const heldByTold = `${HOLDERS} and worker_id = any ($1)`
  await until('it holds no lane', async () => (await ask(heldByTold, [told])).length === 0)
  const sent = await acceptedOf(chaos, batch)
  const isAlive = chaos
    .stack()
    .functions.stats()
    .some((worker) => worker.pid === pid)
  if (pid && isAlive) process.kill(pid, 'SIGKILL')

  expect(sent.length).toBeLessThan(batch.count)
  await expectOnceEach(chaos, batch)
  expect(await ask(IN_DOUBT, [batch.ids])).toEqual([])
})

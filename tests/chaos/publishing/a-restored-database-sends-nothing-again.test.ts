import { beforeAll, expect, test } from 'vitest'
import { type Fleet, newFleet, scheduleBatch } from '../../helpers/chaos-batch.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { acceptedOf, expectOnceEach, untilAccepted } from '../../helpers/chaos-truth.ts'
import { copyDatabase } from '../../helpers/older-copy.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
let fleet: Fleet

beforeAll(async () => {
  fleet = await newFleet(chaos, 12)
})

const heldSince = async () => {
  const { rows } = await chaos.sql().query('select held_since from private.incarnation')
  return rows[0].held_since as Date | null
}

/** Seven minutes in which a worker of the lost time might still have sent. */
const letQuietTimePass = () =>
  chaos.sql().query(`update private.restored_accounts
    set began_at = began_at - interval '500 s', next_look_at = now()
    where began_at > now() - interval '500 s'`)

test('a database restored to an earlier copy sends nothing again that X has, and goes on by itself', async () => {
  const before = await scheduleBatch(chaos, fleet, { count: 24, inMs: 1_000 })
  await expectOnceEach(chaos, before)
  const lost = await scheduleBatch(chaos, fleet, { count: 48, inMs: 8_000 })
  const later = await scheduleBatch(chaos, fleet, { count: 24, inMs: 22_000 })
  const goBack = await copyDatabase(chaos)
  await untilAccepted(chaos, lost, lost.count)

  await goBack()

  const { rows } = await chaos
    .sql()
    .query(
      `select count(*)::int as unsent from public.posts where id = any ($1) and published_at is null`,
      [lost.ids],
    )
  expect(rows[0].unsent, 'the copy knows nothing of what was sent since').toBe(lost.count)
  await until('publishing is held', heldSince, 30_000)
  await until('later posts are due, too', () => Date.now() > later.lastDue + 2_000, 30_000)
  expect(await acceptedOf(chaos, later)).toEqual([])

  await letQuietTimePass()
  await until('it goes on by itself', async () => (await heldSince()) === null, 60_000)
  await expectOnceEach(chaos, before)
  await expectOnceEach(chaos, lost)
  await expectOnceEach(chaos, later)
})

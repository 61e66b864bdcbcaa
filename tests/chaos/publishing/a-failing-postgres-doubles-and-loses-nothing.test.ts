import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { type Fleet, newFleet, scheduleBatch } from '../../helpers/chaos-batch.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { expectNoneStranded, expectOnceEach, untilAccepted } from '../../helpers/chaos-truth.ts'
import { atRandomMoments, chaosSeed, seeded } from '../../helpers/seeded.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const random = seeded(chaosSeed)
let fleet: Fleet

beforeAll(async () => {
  fleet = await newFleet(chaos, 40)
  const match = { method: 'POST', path: '/2/tweets' }
  await chaos.x().addFault({ match, kind: 'latency', ms: 150 })
})

test.each([
  ['restarted', 'fast'],
  ['crashed', 'immediate'],
] as const)('a Postgres %s while sending doubles, loses and strands nothing', async (_, mode) => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 2_000, overMs: 6_000 })
  await untilAccepted(chaos, batch, 60)

  await chaos.stack().postgres.restart(mode)

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})

test(`connections of PostgREST and cron cut at random moments double, lose and strand nothing (seed ${chaosSeed})`, async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 2_000, overMs: 6_000 })
  let cut = 0
  const cutAll = async () => {
    const { rowCount } = await chaos.sql().query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename = 'authenticator' or application_name like 'pg_cron%' or application_name like 'pg_net%'`,
    )
    cut += rowCount ?? 0
  }

  await atRandomMoments(random, { times: 12, forMs: 8_000 }, cutAll)

  expect(cut).toBeGreaterThan(12)
  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})

/** Takes every connection there is, cutting those of others. Returns how to give them back. */
const takeAllConnections = async () => {
  // Had before the rest is taken: of those kept for superusers the stack takes its share.
  const admin = await chaos.sql().connect()
  const taken: pg.Client[] = []
  const takeOne = async () => {
    const client = new pg.Client({ connectionString: chaos.stack().state.db_url })
    client.on('error', () => {})
    await client.connect()
    taken.push(client)
  }
  const takeRest = async (): Promise<void> => {
    const tries = await Promise.allSettled(Array.from({ length: 25 }, takeOne))
    if (tries.some(({ status }) => status === 'fulfilled')) await takeRest()
  }
  await takeRest()
  await admin
    .query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename = 'authenticator' or application_name like 'pg_cron%'`,
    )
    .finally(() => admin.release())
  await takeRest()
  return { taken, giveBack: () => Promise.all(taken.map((client) => client.end())) }
}

test('a database without a free connection for a while doubles, loses and strands nothing', async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 2_000, overMs: 6_000 })
  await untilAccepted(chaos, batch, 60)

  const { taken, giveBack } = await takeAllConnections()
  try {
    expect(taken.length).toBeGreaterThan(100)
    await until('every post is overdue', () => Date.now() > batch.lastDue, 15_000)
  } finally {
    await giveBack()
  }

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})

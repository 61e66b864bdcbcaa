import { beforeAll, expect, test } from 'vitest'
import { poll } from '../../../scripts/stack/poll.ts'
import { type Batch, type Fleet, newFleet, scheduleBatch } from '../../helpers/chaos-batch.ts'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { expectNoneStranded, expectOnceEach } from '../../helpers/chaos-truth.ts'
import { atRandomMoments, chaosSeed, seeded } from '../../helpers/seeded.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()
const random = seeded(chaosSeed)
let fleet: Fleet

beforeAll(async () => {
  fleet = await newFleet(chaos, 40)
  // Every moment of a kill finds something under way.
  await chaos.x().addFault({
    match: { method: 'POST', path: '/2/tweets' },
    kind: 'latency',
    ms: 150,
  })
})

const killWorkers = () => chaos.stack().functions.kill('publish')
const publishPids = () =>
  chaos
    .stack()
    .functions.stats()
    .filter(({ slug }) => slug === 'publish')
    .map(({ pid }) => pid)

test(`a worker killed at random moments doubles, loses and strands nothing (seed ${chaosSeed})`, async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 2_000, overMs: 6_000 })

  await atRandomMoments(random, { times: 6, forMs: 8_000 }, killWorkers)

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})

test('workers killed again and again, as soon as they are up, double, lose and strand nothing', async () => {
  const batch = await scheduleBatch(chaos, fleet, { count: 240, inMs: 1_500 })

  let killed = 0
  const killNext = async () => {
    killed += await killWorkers()
    return killed >= 10
  }
  // At one pace: a worker that lives longer has more of the batch behind it. Its successor is rung by the next
  // tick, or, when it died holding lanes, once it has been silent for 10 s: two minutes for ten at the most.
  expect(await poll(killNext, { timeoutMs: 150_000 }), 'ten workers were killed').toBe(true)

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
}, 260_000)

const CLAIMED = `select from private.publish_jobs join private.account_lanes as lanes using (account_id)
  where post_id = any ($1) and lanes.claim_id is not null`
const GONE = `select from public.posts where id = any ($1) and status <> 'scheduled'`
const WAITING = `select from pg_stat_activity
  where usename = 'authenticator' and wait_event_type = 'Lock' and query like '%"advance"%'`

/**
 * Keeps Go waiting until the worker that asked for it is frozen, so that it is granted to one who cannot hear.
 * Tells how to wake it; undefined when Go was quicker.
 */
const freezeAtGo = async (batch: Batch): Promise<(() => void) | undefined> => {
  const some = async (sql: string) =>
    ((await chaos.sql().query(sql, [batch.ids])).rowCount ?? 0) > 0
  const isUnderWay = async () => (await some(CLAIMED)) || (await some(GONE))
  await until('the batch is claimed', isUnderWay, 30_000)
  const pids: number[] = []
  const gate = await chaos.sql().connect()
  try {
    await gate.query('begin')
    await gate.query('lock table private.live_attempts in share mode')
    if (await some(GONE)) return undefined
    await until(
      'its Go waits',
      async () => (await chaos.sql().query(WAITING)).rowCount !== 0,
      30_000,
    )
    pids.push(...publishPids())
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
  } finally {
    await gate.query('rollback')
    gate.release()
  }
  await until('Go is granted', () => some(GONE))
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

/**
 * A batch whose worker was caught between Go and the instant: it has leases, and no request has begun. One
 * that had begun might leave with the wake, which no lease can keep it from.
 */
const catchBetweenGoAndPost = async () => {
  for (;;) {
    const batch = await scheduleBatch(chaos, fleet, { count: 40, inMs: 5_500 })
    const wake = await freezeAtGo(batch)
    if (wake) return { batch, wake }
    await expectOnceEach(chaos, batch)
  }
}

test('a worker frozen past its lease sends nothing when it wakes', async () => {
  const { batch, wake } = await catchBetweenGoAndPost()
  try {
    // The platform gives the next ring to another isolate.
    chaos.stack().functions.retire('publish')
    const { rows } = await chaos.sql().query('select clock_timestamp() as now')
    const lapsed = `select where clock_timestamp() > $1::timestamptz + interval '30 seconds'`
    const hasLapsed = async () => (await chaos.sql().query(lapsed, [rows[0].now])).rowCount === 1
    await until('its leases have lapsed', hasLapsed, 45_000)
    await expectNoneStranded(chaos, batch)
  } finally {
    wake()
  }

  await expectOnceEach(chaos, batch)
  const { rows } = await chaos.sql().query(
    `select
       count(*) filter (where status = 'accepted')::int as sent,
       count(*) filter (where error ->> 'slug' = 'lease-too-short')::int as refrained
     from public.publish_attempts
     where post_id = any ($1) and number = 1`,
    [batch.ids],
  )
  expect(rows[0].refrained).toBeGreaterThan(0)
  const { sent, refrained } = rows[0]
  expect(sent + refrained).toBe(batch.count)
  // Catching it may take some tries.
}, 240_000)

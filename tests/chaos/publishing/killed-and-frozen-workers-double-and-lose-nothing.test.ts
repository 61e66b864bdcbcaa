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
  await until('ten workers were killed', killNext, 60_000)

  await expectNoneStranded(chaos, batch)
  await expectOnceEach(chaos, batch)
})

/** Freezes the worker that just got its first Go of a batch. Returns how to wake it. */
const freezeAtGo = async (batch: Batch) => {
  const live = 'select from private.live_attempts where post_id = any ($1)'
  const isGone = async () => (await chaos.sql().query(live, [batch.ids])).rowCount || undefined
  await poll(isGone, { timeoutMs: 20_000, everyMs: 1 })
  const pids = publishPids()
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

const postsThatReachedX = async () => (await chaos.x().faults())[0]?.applied ?? 0

/** A batch whose worker was caught between Go and POST: it has leases and has sent nothing, or little. */
const catchBetweenGoAndPost = async () => {
  for (;;) {
    const before = await postsThatReachedX()
    const batch = await scheduleBatch(chaos, fleet, { count: 40, inMs: 5_500 })
    const wake = await freezeAtGo(batch)
    if ((await postsThatReachedX()) - before < batch.count) return { batch, wake }
    wake()
    await expectOnceEach(chaos, batch)
  }
}

test('a worker frozen past its lease sends nothing when it wakes', async () => {
  const { batch, wake } = await catchBetweenGoAndPost()
  const { rows: frozen } = await chaos.sql().query('select clock_timestamp() as at')
  try {
    // The platform gives the next ring to another isolate.
    chaos.stack().functions.retire('publish')
    const lapsed = `select where clock_timestamp() > $1::timestamptz + interval '30 seconds'`
    const hasLapsed = async () => (await chaos.sql().query(lapsed, [frozen[0].at])).rowCount === 1
    await until('its leases have lapsed', hasLapsed, 45_000)
    await expectNoneStranded(chaos, batch)
  } finally {
    wake()
  }

  await expectOnceEach(chaos, batch)
  // A request that had begun may leave with the wake; none may begin then.
  const { rows } = await chaos.sql().query(
    `select count(*)::int as count from public.publish_attempts
     where post_id = any ($1) and number = 1 and status = 'accepted' and sent_at > $2`,
    [batch.ids, frozen[0].at],
  )
  expect(rows[0].count).toBe(0)
})

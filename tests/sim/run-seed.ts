import { ACCOUNTS } from './database/fixture.ts'
import type { SimDatabase } from './database/prepare.ts'
import type { Session } from './database/session.ts'
import type { Snapshot } from './database/snapshot.ts'
import { createDatabaseWire } from './database-wire.ts'
import { createDoorbell } from './doorbell.ts'
import { nobodyWaitsInSilence } from './invariants/nobody-waits-in-silence.ts'
import { createJudge } from './judge.ts'
import { createPeople } from './people.ts'
import type { Plan } from './plan.ts'
import { createRandom } from './random.ts'
import { createScheduler } from './scheduler.ts'
import { settingsOf } from './settings.ts'
import { createTrace } from './trace.ts'
import { createTruth } from './truth.ts'
import { Violation, type World } from './world.ts'
import { createXState } from './x/x-state.ts'
import { createXWire } from './x/x-wire.ts'

export type Outcome = {
  seed: number
  /** Null when every invariant held. */
  violation: string | null
  trace: string[]
  hash: string
  /** How much happened: calls committed, posts X accepted. */
  steps: number
  accepted: number
}

/** What a guard test changes: SQL run before the seed begins. */
export type Tampering = { sql?: string[] }

/** More steps than any seed needs: whoever gets there goes round in circles. */
const MOST_STEPS = 900
/** How long after the storm everything has to have come right. */
const CALM_MS = 3 * 3_600_000

const createWorld = (seed: number, plan: Plan, database: SimDatabase, session: Session) => {
  const random = createRandom(seed)
  const scheduler = createScheduler(random.fork('scheduler'))
  const trace = createTrace()
  const names = new Map(ACCOUNTS.map(({ id, name }) => [id, name]))
  const world: World = {
    seed,
    plan,
    random,
    scheduler,
    trace,
    session,
    time: () => database.start + scheduler.now(),
    isStormy: () => scheduler.now() < plan.stormMs,
    state: () => ({}) as Snapshot,
    call: () => Promise.reject(new Error('The world has not begun')),
    name: (id) => {
      const known = names.get(id)
      if (known) return known
      const name = `id${names.size}`
      names.set(id, name)
      return name
    },
    fail: (what) => {
      throw new Violation(what)
    },
  }
  return world
}

/** Plays one seed on the session, in a transaction that is rolled back. */
export const runSeed = async (
  seed: number,
  plan: Plan,
  database: SimDatabase,
  session: Session,
  tampering: Tampering = {},
): Promise<Outcome> => {
  const world = createWorld(seed, plan, database, session)
  const { scheduler, trace } = world
  const settings = settingsOf(world, database)
  let state = await session.begin([...settings, ...(tampering.sql ?? [])])
  world.state = () => state

  const truth = createTruth(world)
  const x = createXState(world)
  const outages = world.random.fork('outages')
  const outs = Array.from({ length: plan.database.outages }, () => {
    const from = outages.between(0, plan.stormMs)
    return { from, to: from + outages.between(500, 40_000) }
  })
  const isOut = () =>
    world.isStormy() && outs.some(({ from, to }) => scheduler.now() >= from && scheduler.now() < to)
  const wires = { service: createDatabaseWire(world, isOut), fetch: createXWire(world, x, truth) }
  const doorbell = createDoorbell(world, wires, isOut)
  const judge = createJudge(world, truth, x)
  let steps = 0
  let fault: Error | null = null

  world.fail = (what) => {
    fault ??= new Violation(what)
    throw fault
  }
  world.call = async (request, commits = true) => {
    const before = state
    const answered = await session.call({ ...request, now: world.time() }, commits)
    if ('snapshot' in answered) {
      state = answered.snapshot
      steps += 1
      if (steps > MOST_STEPS) world.fail(`no rest after ${MOST_STEPS} calls`)
      judge.step({ call: request.fn, before, after: state, nowMs: world.time() })
      doorbell.rung(before, state)
    } else if ('error' in answered && request.schema === 'service') {
      world.fail(`${request.fn} was refused: ${JSON.stringify(answered.error)}`)
    }
    return answered
  }

  const people = createPeople({ world, people: database.people, truth, isOut })
  const play = async () => {
    await people.begin()
    doorbell.beat()
    await scheduler.play(() => fault !== null || !world.isStormy())
    trace.add(scheduler.now(), 'world', 'the storm is over')
    await calmDown(world, doorbell, () => fault !== null)
    if (!fault) judge.calm(nobodyWaitsInSilence(state, world.time()))
  }
  try {
    await play()
  } catch (error) {
    fault ??= error as Error
  } finally {
    await session.end()
  }
  if (fault && !(fault instanceof Violation))
    trace.add(scheduler.now(), 'world', String((fault as Error).stack))
  return {
    seed,
    violation: fault ? (fault as Error).message : null,
    trace: trace.lines(),
    hash: trace.hash(),
    steps,
    accepted: truth.permits.filter(({ accepted }) => accepted).length,
  }
}

type Bell = Pick<ReturnType<typeof createDoorbell>, 'tick'>

/** Ticks whenever something is due, as cron would at the latest, until nothing moves any more. */
const calmDown = async (world: World, bell: Bell, isOver: () => boolean) => {
  const { scheduler } = world
  const end = scheduler.now() + CALM_MS
  for (;;) {
    const state = world.state()
    const now = world.time()
    const moments = [
      ...state.live.map(({ look, deadline }) => look ?? deadline),
      ...state.lanes.map(({ ready, claim, lease }) => (claim ? (lease ?? now) : ready)),
      ...state.jobs.map(({ stale }) => stale),
      state.revocations ?? Number.POSITIVE_INFINITY,
    ].filter(Number.isFinite)
    const next = Math.min(Math.max(Math.min(...moments), now) - now, Number.MAX_SAFE_INTEGER)
    if (moments.length === 0 || scheduler.now() + next > end) break
    const until = scheduler.now() + Math.max(next, 2_000)
    scheduler.at(until, bell.tick)
    await scheduler.play(() => isOver() || scheduler.now() >= until)
    if (isOver()) return
  }
  // What isolates still do ends by itself.
  const last = scheduler.now() + 60_000
  scheduler.at(last, bell.tick)
  await scheduler.play(() => isOver() || scheduler.now() >= last)
}

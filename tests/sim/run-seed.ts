import { calmDown } from './calm-down.ts'
import { createWorld } from './create-world.ts'
import type { SimDatabase } from './database/prepare.ts'
import type { Session } from './database/session.ts'
import { createDatabaseWire } from './database-wire.ts'
import { createDoorbell } from './doorbell.ts'
import { beginHolds } from './holds.ts'
import type { Wires, WorkerTampering } from './isolate.ts'
import { createJudge } from './judge.ts'
import { lastFaults } from './last-faults.ts'
import { planOutages } from './outages.ts'
import { createPeople } from './people/people.ts'
import type { Plan } from './plan.ts'
import { createReceipts } from './receivers/receipts.ts'
import { createReceiverWire } from './receivers/wire.ts'
import { settingsOf } from './settings.ts'
import { createTruth } from './truth.ts'
import { Violation } from './world.ts'
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

/** What a guard test changes: SQL run before the seed begins, and parts of the workers. */
export type Tampering = { sql?: string[]; worker?: WorkerTampering }

/**
 * More steps than any seed needs: whoever gets there goes round in circles. Two attempts that were given up are
 * looked for all day, each on its own, which is 3,000 calls.
 */
const MOST_STEPS = 10_000

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
  const receipts = createReceipts(world, database.endpoints)
  const isOut = planOutages(world)
  const wires: Wires = {
    ...(tampering.worker && { tampering: tampering.worker }),
    service: createDatabaseWire(world, isOut),
    fetch: createXWire(world, x, truth),
    fetchPublic: createReceiverWire(world, receipts),
  }
  const doorbell = createDoorbell(world, wires, isOut)
  const judge = createJudge(world, database.people, truth, x, receipts)
  let steps = 0
  let fault: Error | null = null

  world.fail = (what) => {
    fault ??= new Violation(what)
    throw fault
  }
  world.look = async () => {
    state = await session.look()
  }
  world.call = async (request, commits = true) => {
    const before = state
    const answered = await session.call({ ...request, now: world.time() }, commits)
    if ('value' in answered) {
      steps += 1
      if (steps > MOST_STEPS) world.fail(`no rest after ${MOST_STEPS} calls`)
    }
    if ('value' in answered) {
      state = answered.snapshot ?? before
      judge.step({
        call: request.fn,
        args: request.args,
        before,
        after: state,
        nowMs: world.time(),
        value: answered.value,
      })
      doorbell.rung(before, state)
    } else if ('error' in answered && request.schema === 'service') {
      world.fail(`${request.fn} was refused: ${answered.error.message}`)
    }
    return answered
  }

  const people = createPeople({ world, ...database, truth, isOut })
  const play = async () => {
    await people.begin()
    beginHolds(world, database.people, isOut)
    doorbell.beat()
    await scheduler.play(() => fault !== null || !world.isStormy())
    trace.add(scheduler.now(), 'world', 'the storm is over')
    await calmDown(world, doorbell, () => fault !== null)
    if (!fault) judge.calm(await lastFaults(world))
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

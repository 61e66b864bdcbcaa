import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { type Crew, createCrew } from '../worker/crew.ts'
import { mayTakeMore } from '../worker/life.ts'
import { logFailure } from '../worker/log-failure.ts'
import { createTurnstile, type Turnstile } from '../worker/turnstile.ts'
import { createAdvance } from './advance.ts'
import { claimLanes } from './claim-lanes.ts'
import { type Isolate, isOverPlanned, plannedCpuMs, shareOf } from './cpu-plan.ts'
import { drainWorker } from './drain-worker.ts'
import type { LaneTools } from './run-lane.ts'
import { runPlannedLane } from './run-planned-lane.ts'

type Need = Pick<
  Deps,
  | 'env'
  | 'now'
  | 'monotonic'
  | 'sleep'
  | 'ending'
  | 'deadline'
  | 'every'
  | 'randomUUID'
  | 'service'
  | 'log'
>

/**
 * Lanes one worker runs at a time. With a provider that takes 500 ms a lane is under way for a second, calls of
 * the database included, and there may be no other isolate.
 */
const CAPACITY = 1_000
/** Below that the worker claims again, so that slow lanes hold up nobody else. */
const REFILL_BELOW = 750
/** Lanes of one claim: few enough that each may bring more than its next post. */
const CLAIM = 500
const POLL_MS = 500
/** As late as a post that is due may be for what others planned. */
const PLAN_PATIENCE_MS = 1_000
const PLAN_POLL_MS = 50
/** Requests under way: each costs a connection, half a thousand of which take a fifth of an isolate's CPU. */
const POSTS = { first: 64, most: CAPACITY, patienceMs: 100 }
/** A worker that says nothing for 10 s is taken for dead. */
const BEAT_MS = 2_000

/**
 * Claims lanes and runs them until nothing is due and nothing is under way, or the isolate's life
 * is half over: then it rings its successor. When the platform announces its end, it claims nothing and gives
 * back what it has not sent. Resolves when it takes no more; `drained` when what it
 * has is at an end, which one account that hangs puts off by 20 s. Posts it may not send any more go
 * back to the queue.
 */
export const runWorker = async (
  deps: Need,
  network: Network,
  isolate: Isolate,
): Promise<{ drained: Promise<void> }> => {
  await untilPlanIsLess(deps, isolate)
  const workerId = deps.randomUUID()
  const stopBeating = deps.every(BEAT_MS, () => {
    deps.service('keep_worker', { p_worker_id: workerId }).catch(logFailure(deps, 'beat failed'))
  })
  const crew = createCrew()
  const { advance, stamp } = createAdvance(deps)
  const turnstile = createTurnstile(deps, POSTS)
  const work = { network, isolate, workerId, crew, advance, turnstile }
  await takeLanes(deps, work).catch((error: unknown) => {
    // Who goes on saying that he lives is never buried, and his lanes are nobody's.
    stopBeating()
    throw error
  })
  const drained = drainWorker(deps, workerId, crew).then(stamp).finally(stopBeating)
  return { drained }
}

/** Whoever is rung meanwhile may be this isolate again, until the platform sees that half of its CPU is spent. */
const untilPlanIsLess = async (deps: Need, isolate: Isolate): Promise<void> => {
  const until = deps.monotonic() + PLAN_PATIENCE_MS
  while (isOverPlanned(isolate) && deps.monotonic() < until && !deps.ending.aborted) {
    await deps.sleep(PLAN_POLL_MS)
  }
}

const endOf = ({ ending }: Pick<Deps, 'ending'>): Promise<void> =>
  new Promise((resolve) => {
    if (ending.aborted) resolve()
    else ending.addEventListener('abort', () => resolve(), { once: true })
  })

type Work = {
  network: Network
  isolate: Isolate
  workerId: string
  crew: Crew
  advance: LaneTools['advance']
  turnstile: Turnstile
}

const takeLanes = async (
  deps: Need,
  { network, isolate, workerId, crew, advance, turnstile }: Work,
): Promise<void> => {
  const life = () => ({
    ageMs: deps.monotonic() - isolate.startedAt,
    cpuMs: plannedCpuMs(isolate),
    isEnding: deps.ending.aborted,
  })
  const ended = endOf(deps)
  let claimNumber = 0

  while (claimNumber === 0 ? !deps.ending.aborted : mayTakeMore(life())) {
    const room = Math.min(CAPACITY - crew.size(), CLAIM)
    const share = shareOf(isolate, room, claimNumber === 0)
    claimNumber += 1
    const claimed = await claimLanes(deps, workerId, share).catch(logFailure(deps, 'claim failed'))
    // Without the database no more work is taken, but what is under way is brought to its end.
    if (!claimed) break
    for (const lane of claimed.lanes) {
      const { id: claimId, clock } = claimed
      const tools = { network, advance, turnstile, clock, claimId, claimNumber }
      crew.add(runPlannedLane(deps, isolate, lane, tools))
    }
    if (crew.size() === 0) break
    const isAllThereWas = claimed.lanes.length < share.lanes
    if (isAllThereWas) await Promise.race([crew.below(1), ended, deps.sleep(POLL_MS)])
    await Promise.race([crew.below(REFILL_BELOW), ended])
  }
}

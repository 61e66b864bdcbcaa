import type { Deps } from '../deps.ts'
import { createBatcher } from '../worker/batcher.ts'
import { type Lease, startLease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import type { Attempt, AttemptResult, DoneLane, GoRequest } from './batches.ts'
import { type Answer, callAdvance, type Going, type Part, REPORT_MS } from './call-advance.ts'
import { type Holders, holdersOf } from './holders-of.ts'

/**
 * What a lane reports and asks for at once. The result is settled before Go is asked for.
 * `claimNumber` counts the claims of a worker: of two on one lane, the later one holds it.
 */
export type Step = {
  result?: AttemptResult
  go?: GoRequest
  claimNumber?: number
  done?: DoneLane
}
/** An attempt that may be made while the lease lasts. */
export type Allowed = { attempt: Attempt; lease: Lease }

type Need = Pick<Deps, 'env' | 'now' | 'monotonic' | 'sleep' | 'randomUUID' | 'service' | 'log'>

/**
 * The same go id repeated returns the same attempts, so it is asked for long: what comes too late to
 * be sent is reported as not sent instead of being looked for on X.
 */
const GO_MS = 60_000
/** By then the lease of a lane that could not be given back has ended by itself. */
const RELEASE_MS = 30_000

/** Events of what is settled are stamped, and told, this often. */
const STAMP_EVERY_MS = 500

/**
 * One way to the database for all lanes of a worker: steps that come while a call is under way
 * gather for the next one, so that a busy database gets fewer and larger calls. `advance` resolves
 * once the step is committed, with what it may send; null when it asked for nothing or may not.
 * `stamp` ends the work: it has events stamped that were written lately.
 */
export const createAdvance = (deps: Need) => {
  let stampedAt = deps.monotonic()
  let isStamped = true
  const stamp = async (): Promise<void> => {
    if (isStamped) return
    isStamped = true
    stampedAt = deps.monotonic()
    // A tick stamps what is left.
    await deps.service('stamp_events').catch((error: unknown) => {
      deps.log({ level: 'warn', message: 'stamping failed', error: String(error) })
    })
  }
  const settled = () => {
    isStamped = false
    if (deps.monotonic() - stampedAt >= STAMP_EVERY_MS) void stamp()
  }
  return { advance: createSteps(deps, settled), stamp }
}

const createSteps = (deps: Need, settled: () => void) =>
  createBatcher<Step, Allowed | null>({
    lingerMs: 5,
    maxItems: 500,
    maxRunning: 3,
    patienceMs: 200,
    sleep: deps.sleep,
    run: async (steps) => {
      // Counted from the first call on: that one may have been granted although its answer is lost.
      const going = { id: deps.randomUUID(), leaseOf: startLease(deps) }
      const whole = partOf(steps)
      try {
        const answer = await callAdvance(deps, going, whole)
        if (whole.results.length > 0) settled()
        const holders = holdersOf(steps)
        return steps.map((step) => answerTo(step, holders, answer))
      } catch (error) {
        return repeatApart(deps, going, steps, error)
      }
    },
  })

const partOf = (steps: Step[]): Part => ({
  go: steps.flatMap(({ go }) => go ?? []),
  results: steps.flatMap(({ result }) => result ?? []),
  done: steps.flatMap(({ done }) => done ?? []),
})

/** A step that asks for nothing to send waits until its result is settled, others go on at once. */
const answerTo = (
  step: Step,
  holders: Holders,
  { lease, byPost, refused, kept }: Answer,
): Allowed | null | Promise<null> => {
  if (!step.go && step.result && refused.has(step.result)) return kept
  const attempt = step.go && byPost.get(step.go.post_id)
  return attempt && holders.get(attempt.post_id) === step ? { attempt, lease } : null
}

/**
 * After a call that failed or whose answer was lost: reports, lanes and Go are repeated apart under the
 * same ids, so that none waits for the other's trouble. A lane whose result is reported with it is
 * given back with that and never before.
 */
const repeatApart = (
  deps: Need,
  going: Going,
  steps: Step[],
  error: unknown,
): Promise<Allowed | null>[] => {
  const again = async (part: Partial<Part>, forMs: number): Promise<Answer | null> => {
    const { go = [], results = [], done = [] } = part
    if (go.length + results.length + done.length === 0) return null
    await deps.sleep(100)
    return retry(deps, () => callAdvance(deps, going, { go, results, done }), { forMs })
  }
  const { go, results, done } = partOf(steps.filter(({ result }) => result))
  const others = partOf(steps.filter(({ result }) => !result))
  const holders = holdersOf(steps)
  const reported = again({ results, done }, REPORT_MS)
  const released = again({ done: others.done }, RELEASE_MS)
  const gone = again({ go: [...go, ...others.go] }, GO_MS)
  for (const part of [reported, released, gone]) {
    part.catch((late: unknown) => {
      deps.log({ level: 'error', message: 'advance failed', error: String(late) })
    })
  }
  return steps.map(async (step) => {
    const answer = await (step.go ? gone : step.result ? reported : released)
    if (!answer && step.go) throw error
    return answer ? answerTo(step, holders, answer) : null
  })
}

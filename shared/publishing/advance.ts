import type { Deps } from '../deps.ts'
import { createBatcher } from '../worker/batcher.ts'
import { type Lease, startLease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import type { Advance, Attempt, AttemptResult, DoneLane, GoRequest } from './batches.ts'
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
type Part = { go: GoRequest[]; results: AttemptResult[]; done: DoneLane[] }
type Going = { id: string; leaseOf: (lengthMs: number) => Lease }
type Answer = { lease: Lease; byPost: Map<string, Attempt> }

/** Results are evidence, so they are reported hard, long after the lease. */
const REPORT_MS = 120_000
/**
 * The same go id repeated returns the same attempts, so it is asked for long: what comes too late to
 * be sent is reported as not sent instead of being looked for on X.
 */
const GO_MS = 60_000

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
        const answer = await call(deps, going, whole)
        if (whole.results.length > 0) settled()
        const holders = holdersOf(steps)
        return steps.map((step) => allowed(step, holders, answer))
      } catch (error) {
        return repeatApart(deps, going, whole, steps, error)
      }
    },
  })

const partOf = (steps: Step[]): Part => ({
  go: steps.flatMap(({ go }) => go ?? []),
  results: steps.flatMap(({ result }) => result ?? []),
  done: steps.flatMap(({ done }) => done ?? []),
})

const call = async (deps: Need, going: Going, { go, results, done }: Part): Promise<Answer> => {
  const { lease_ms, attempts } = await deps.service<Advance>('advance', {
    p_go_id: going.id,
    p_go: go,
    p_results: results,
    p_release: done,
    p_pause: `${deps.env.THREAD_PAUSE_SECONDS} seconds`,
  })
  if (results.length > 0) deps.log({ message: 'attempts settled', ...countsOf(results) })
  const byPost = new Map(attempts.map((attempt) => [attempt.post_id, attempt]))
  return { lease: going.leaseOf(lease_ms), byPost }
}

/** `{accepted: 12, unknown: 1}`: how many results have each outcome. */
const countsOf = (results: AttemptResult[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const allowed = (step: Step, holders: Holders, { lease, byPost }: Answer): Allowed | null => {
  const attempt = step.go && byPost.get(step.go.post_id)
  return attempt && holders.get(attempt.post_id) === step ? { attempt, lease } : null
}

/**
 * After a call that failed or whose answer was lost: reports and Go are repeated apart under the
 * same ids, so that neither waits for the other's trouble.
 */
const repeatApart = (
  deps: Need,
  going: Going,
  { go, results, done }: Part,
  steps: Step[],
  error: unknown,
): Promise<Allowed | null>[] => {
  const again = (part: Part, forMs: number): Promise<Answer | null> => {
    const isEmpty = Object.values(part).every((items) => items.length === 0)
    if (isEmpty) return Promise.resolve(null)
    const repeat = () => call(deps, going, part)
    return deps.sleep(100).then(() => retry(deps, repeat, { forMs }))
  }
  const isBare = (step: Step) => !step.go
  const holders = holdersOf(steps)
  const reported = again({ go: [], results, done }, REPORT_MS)
  const gone = again({ go, results: [], done: [] }, GO_MS)
  for (const part of [reported, gone]) {
    part.catch((late: unknown) => {
      deps.log({ level: 'error', message: 'advance failed', error: String(late) })
    })
  }
  return steps.map(async (step) => {
    const answer = await (isBare(step) ? reported : gone)
    if (!answer && !isBare(step)) throw error
    return answer ? allowed(step, holders, answer) : null
  })
}

import { accessToken } from '../accounts/access-token.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { Turnstile } from '../worker/turnstile.ts'
import type { Allowed, Step } from './advance.ts'
import type { Attempt, AttemptResult, Job, Lane } from './batches.ts'
import type { DatabaseClock } from './database-clock.ts'
import { sendAttempt } from './send-attempt.ts'

/** Go is asked for this long before the instant: about two round trips to the database. */
const GO_LEAD_MS = 60

/** What a lane's work needs from the worker that runs it. */
export type LaneTools = {
  network: Network
  clock: DatabaseClock
  claimId: string
  claimNumber: number
  /** Resolves once the step is committed, with what may be sent now. */
  advance(step: Step): Promise<Allowed | null>
  turnstile: Turnstile
  /** An attempt begins: its CPU counts as spent, however long its answer takes. */
  spend(): void
}

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

/** `result` is not reported yet: it goes with the next step of the lane. */
type Sent = { result?: AttemptResult | undefined; tokenRejected: boolean }

/**
 * Sends a lane's jobs in order, one at a time, then gives the lane back. A result is reported with
 * the Go of the next job, or at once when that is not due. Ends early when a post is to be sent again, or
 * the platform is about to end the isolate; a lane that could not begin is left alone for a moment. Never throws for what the network answers.
 */
export const runLane = async (deps: Need, lane: Lane, tools: LaneTools): Promise<void> => {
  const done = { account_id: lane.account_id, claim_id: tools.claimId }
  if (deps.ending.aborted) {
    await tools.advance({ done: { ...done, is_skipped: false } })
    return
  }
  const token = await accessToken(deps, tools.network, lane)
  if (token.kind !== 'token') {
    deps.log({ level: 'warn', message: 'lane skipped', account_id: lane.account_id, ...token })
    await tools.advance({ done: { ...done, is_skipped: true } })
    return
  }
  let sent: Sent = { tokenRejected: false }
  for (const job of lane.jobs) {
    if (deps.ending.aborted) break
    sent = await runJob(deps, job, token.accessToken, sent.result, tools)
    // It keeps its turn: nothing of the lane goes before it is tried again.
    if (sent.result?.outcome === 'retry') break
  }
  await tools.advance({
    ...(sent.result && { result: sent.result }),
    done: { ...done, is_skipped: false },
  })
  if (sent.tokenRejected) await accessToken(deps, tools.network, token.holder, true)
}

const runJob = async (
  deps: Need,
  job: Job,
  token: string,
  before: AttemptResult | undefined,
  tools: LaneTools,
): Promise<Sent> => {
  const runAt = new Date(job.run_at)
  const wait = tools.clock.untilMs(runAt) - GO_LEAD_MS
  let result = before
  if (wait > 0) {
    if (result) await tools.advance({ result })
    result = undefined
    await deps
      .sleep(Math.ceil(tools.clock.untilMs(runAt) - GO_LEAD_MS), deps.ending)
      .catch(() => {})
    if (deps.ending.aborted) return { tokenRejected: false }
  }
  const go = { post_id: job.post_id, claim_id: tools.claimId, run_at: job.run_at }
  for (;;) {
    const { claimNumber } = tools
    const allowed = await tools.advance({ ...(result && { result }), go, claimNumber })
    if (!allowed) return { tokenRejected: false }
    const { attempt, lease } = allowed
    const { network, clock, turnstile } = tools
    const sending = { network, accessToken: token, attempt, runAt, clock, lease, turnstile }
    tools.spend()
    const sent = await sendAttempt(deps, sending)
    if (sent.result.outcome !== 'accepted') deps.log(attemptLine(attempt, sent.result))
    // The queue brings the rest of a thread after its pause; without one it follows at once.
    const isOver = sent.result.outcome !== 'accepted' || attempt.is_last
    if (isOver || deps.env.THREAD_PAUSE_SECONDS > 0 || deps.ending.aborted) return sent
    result = sent.result
  }
}

/** What X took is told by the batch that settles it: a line for each would cost an isolate a tenth of its CPU. */
const attemptLine = (attempt: Attempt, result: AttemptResult) => ({
  message: 'attempt not accepted',
  post_id: attempt.post_id,
  position: attempt.position,
  attempt: attempt.number,
  account_id: attempt.account_id,
  outcome: result.outcome,
  slug: result.error?.slug,
})

import { accessToken } from '../accounts/access-token.ts'
import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { Lease } from '../worker/lease.ts'
import type { Attempt, AttemptResult, Job, Lane } from './batches.ts'
import type { DatabaseClock } from './database-clock.ts'
import { sendAttempt } from './send-attempt.ts'

/** Go is asked for this long before the instant: about two round trips to the database. */
const GO_LEAD_MS = 60

/** What a lane's work needs from the worker that runs it. */
export type LaneTools = {
  network: Network
  clock: DatabaseClock
  /** Asks for Go; null when the post may no longer be sent under this claim. */
  go(postId: string): Promise<{ attempt: Attempt; lease: Lease } | null>
  /** Resolves once the result is committed. */
  settle(result: AttemptResult): Promise<void>
  /** CPU estimate of one attempt was spent. */
  spend(): void
}

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'deadline' | 'randomUUID' | 'service' | 'log'
>

/**
 * Sends a lane's jobs in order, one at a time, each thread segment after the one before is
 * committed. Ends early when the account cannot send. Never throws for what the network answers.
 * False when it could not begin: the lane is better left alone for a moment.
 */
export const runLane = async (deps: Need, lane: Lane, tools: LaneTools): Promise<boolean> => {
  const token = await accessToken(deps, tools.network, lane)
  if (token.kind !== 'token') {
    deps.log({ level: 'warn', message: 'lane skipped', account_id: lane.account_id, ...token })
    return false
  }
  for (const job of lane.jobs) {
    const usable = await runJob(deps, job, token.accessToken, tools)
    if (usable) continue
    await accessToken(deps, tools.network, token.holder, true)
    break
  }
  return true
}

/** False when the network did not accept the access token. */
const runJob = async (deps: Need, job: Job, token: string, tools: LaneTools): Promise<boolean> => {
  const runAt = new Date(job.run_at)
  const wait = tools.clock.untilMs(runAt) - GO_LEAD_MS
  if (wait > 0) await deps.sleep(Math.ceil(wait))

  for (;;) {
    const allowed = await tools.go(job.post_id)
    if (!allowed) return true
    const { attempt, lease } = allowed
    const { result, tokenRejected } = await sendAttempt(deps, {
      network: tools.network,
      accessToken: token,
      attempt,
      runAt,
      clock: tools.clock,
      lease,
    })
    tools.spend()
    deps.log(attemptLine(attempt, result))
    await tools.settle(result)
    if (tokenRejected) return false
    if (result.outcome !== 'accepted' || attempt.is_last) return true
  }
}

const attemptLine = (attempt: Attempt, result: AttemptResult) => ({
  message: 'attempt',
  post_id: attempt.post_id,
  position: attempt.position,
  attempt: attempt.number,
  account_id: attempt.account_id,
  outcome: result.outcome,
  slug: result.error?.slug,
})

import type { Deps } from '../deps.ts'
import { createBatcher } from '../worker/batcher.ts'
import { startLease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import type { AttemptResult, Claim, Go, Lane } from './batches.ts'
import type { Share } from './cpu-plan.ts'
import { anchorClock } from './database-clock.ts'
import type { LaneTools } from './run-lane.ts'

type Need = Pick<Deps, 'now' | 'monotonic' | 'sleep' | 'randomUUID' | 'service'>

/** Lanes under one claim, and what is needed to work on them. */
export type Claimed = {
  id: string
  lanes: Lane[]
  tools: Omit<LaneTools, 'network' | 'spend'> & Release
}
/** `begun: false` leaves the lane alone for a moment, so that nobody spins on it. */
type Release = { release(accountId: string, begun: boolean): Promise<void> }

/** Claims a share of the work for a worker; the same claim is repeated until the database answers. */
export const claimLanes = async (
  deps: Need,
  workerId: string,
  { lanes, perLane }: Share,
): Promise<Claimed> => {
  const id = deps.randomUUID()
  const batch = await retry(
    deps,
    () =>
      deps.service<Claim>('claim_jobs', {
        p_claim_id: id,
        p_worker_id: workerId,
        p_lanes: lanes,
        p_per_lane: perLane,
      }),
    { forMs: 10_000 },
  )
  const clock = anchorClock(new Date(batch.now), deps.monotonic(), deps.monotonic)
  return { id, lanes: batch.lanes, tools: { clock, ...goer(deps, id), ...settler(deps, id) } }
}

/**
 * Go in batches of one statement. The same go id repeated returns the same attempts, so it is asked
 * for long: what comes too late to be sent is reported as not sent instead of being looked for on X.
 */
const goer = (deps: Need, claimId: string): Pick<LaneTools, 'go'> => ({
  go: createBatcher({
    lingerMs: 5,
    maxItems: 125,
    maxRunning: 4,
    sleep: deps.sleep,
    run: async (postIds: string[]) => {
      const goId = deps.randomUUID()
      const leaseOf = startLease(deps)
      const args = { p_go_id: goId, p_claim_id: claimId, p_post_ids: postIds }
      const answer = await retry(deps, () => deps.service<Go>('go', args), { forMs: 60_000 })
      const lease = leaseOf(answer.lease_ms)
      const byPost = new Map(answer.attempts.map((attempt) => [attempt.post_id, attempt]))
      return postIds.map((postId) => {
        const attempt = byPost.get(postId)
        return attempt ? { attempt, lease } : null
      })
    },
  }),
})

type Settling = { result: AttemptResult } | { release: string } | { skip: string }

/** Results are evidence, so they are reported hard, long after the lease. */
const settler = (deps: Need, claimId: string): Pick<LaneTools, 'settle'> & Release => {
  const report = createBatcher({
    lingerMs: 10,
    maxItems: 250,
    maxRunning: 4,
    sleep: deps.sleep,
    run: async (items: Settling[]) => {
      const args = {
        p_claim_id: claimId,
        p_results: items.flatMap((item) => ('result' in item ? [item.result] : [])),
        p_release: items.flatMap((item) => ('release' in item ? [item.release] : [])),
        p_skipped: items.flatMap((item) => ('skip' in item ? [item.skip] : [])),
      }
      await retry(deps, () => deps.service('settle', args), { forMs: 120_000 })
      return items.map(() => undefined)
    },
  })
  return {
    settle: (result) => report({ result }),
    release: (accountId, begun) => report(begun ? { release: accountId } : { skip: accountId }),
  }
}

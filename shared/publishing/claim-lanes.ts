import type { Deps } from '../deps.ts'
import { retry } from '../worker/retry.ts'
import type { Claim, Lane } from './batches.ts'
import type { Share } from './cpu-plan.ts'
import { anchorClock, type DatabaseClock } from './database-clock.ts'

type Need = Pick<Deps, 'monotonic' | 'sleep' | 'randomUUID' | 'service'>

/** Lanes under one claim, and the database's clock as the claim told it. */
export type Claimed = { id: string; lanes: Lane[]; clock: DatabaseClock }

/** Claims a share of the work for a worker; the same claim is repeated until the database answers. */
export const claimLanes = async (
  deps: Need,
  workerId: string,
  { lanes, perLane, aheadMs }: Share,
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
        p_ahead: `${aheadMs} ms`,
      }),
    { forMs: 10_000 },
  )
  const clock = anchorClock(new Date(batch.now), deps.monotonic(), deps.monotonic)
  return { id, lanes: batch.lanes, clock }
}

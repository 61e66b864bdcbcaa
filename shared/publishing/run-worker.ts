import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { createBatcher } from '../worker/batcher.ts'
import { mayTakeMore } from '../worker/life.ts'
import { retry } from '../worker/retry.ts'
import type { AttemptResult, Claim, Go, Lane } from './batches.ts'
import { anchorClock } from './database-clock.ts'
import { type LaneTools, runLane } from './run-lane.ts'

type Need = Pick<Deps, 'env' | 'now' | 'monotonic' | 'sleep' | 'randomUUID' | 'service' | 'log'>

/** Lanes one worker runs at a time: enough for a provider that takes 500 ms. */
const CAPACITY = 500
/** Below half of it the worker claims again, so that slow lanes hold up nobody else. */
const REFILL_BELOW = CAPACITY / 2
/** Measured on the embedded stack; see docs/architecture.md. */
const CPU_MS_PER_ATTEMPT = 0.4
const POLL_MS = 500

/** CPU and age are the isolate's, over all its runs. */
export type Isolate = { startedAt: number; cpuMs: number }

/**
 * Claims lanes and runs them until nothing is due and nothing is under way, or the isolate's life
 * is half over. Posts it may not send any more go back to the queue.
 */
export const runWorker = async (deps: Need, network: Network, isolate: Isolate): Promise<void> => {
  const workerId = deps.randomUUID()
  const active = new Set<Promise<void>>()
  const life = () => ({ ageMs: deps.monotonic() - isolate.startedAt, cpuMs: isolate.cpuMs })
  let first = true

  while (first || mayTakeMore(life())) {
    first = false
    const room = CAPACITY - active.size
    const claimed = room > REFILL_BELOW ? await claim(deps, workerId, room) : null
    for (const lane of claimed?.lanes ?? []) {
      const work = runClaimedLane(deps, network, isolate, claimed as Claimed, lane)
      const tracked = work.finally(() => active.delete(tracked))
      active.add(tracked)
    }
    if (active.size === 0) break
    if (!claimed || claimed.lanes.length < room) {
      await Promise.race([...active, deps.sleep(POLL_MS)])
    }
  }
  await Promise.all(active)
  const missing = await deps.service<number>('leave_worker', { p_worker_id: workerId })
  if (missing > 0) await deps.service('ring_publish')
}

type Claimed = { id: string; lanes: Lane[]; tools: Omit<LaneTools, 'network' | 'spend'> & Release }
type Release = { release(accountId: string): Promise<void> }

const claim = async (deps: Need, workerId: string, room: number): Promise<Claimed> => {
  const id = deps.randomUUID()
  const batch = await retry(
    deps,
    () =>
      deps.service<Claim>('claim_jobs', {
        p_claim_id: id,
        p_worker_id: workerId,
        p_lanes: room,
      }),
    { forMs: 10_000 },
  )
  const clock = anchorClock(new Date(batch.now), deps.monotonic(), deps.monotonic)
  return { id, lanes: batch.lanes, tools: { clock, ...goer(deps, id), ...settler(deps, id) } }
}

/** Go in batches of one statement. The same go id repeated returns the same attempts. */
const goer = (deps: Need, claimId: string): Pick<LaneTools, 'go'> => ({
  go: createBatcher({
    lingerMs: 5,
    maxItems: 200,
    sleep: deps.sleep,
    run: async (postIds: string[]) => {
      const goId = deps.randomUUID()
      const startedAt = deps.monotonic()
      const args = { p_go_id: goId, p_claim_id: claimId, p_post_ids: postIds }
      const answer = await retry(deps, () => deps.service<Go>('go', args), { forMs: 5_000 })
      const leaseEndsAt = startedAt + answer.lease_ms
      const byPost = new Map(answer.attempts.map((attempt) => [attempt.post_id, attempt]))
      return postIds.map((postId) => {
        const attempt = byPost.get(postId)
        return attempt ? { attempt, leaseEndsAt } : null
      })
    },
  }),
})

type Settling = { result: AttemptResult } | { release: string }

/** Results are evidence, so they are reported hard, long after the lease. */
const settler = (deps: Need, claimId: string): Pick<LaneTools, 'settle'> & Release => {
  const report = createBatcher({
    lingerMs: 10,
    maxItems: 400,
    sleep: deps.sleep,
    run: async (items: Settling[]) => {
      const args = {
        p_claim_id: claimId,
        p_results: items.flatMap((item) => ('result' in item ? [item.result] : [])),
        p_release: items.flatMap((item) => ('release' in item ? [item.release] : [])),
      }
      await retry(deps, () => deps.service('settle', args), { forMs: 120_000 })
      return items.map(() => undefined)
    },
  })
  return {
    settle: (result) => report({ result }),
    release: (accountId) => report({ release: accountId }),
  }
}

const runClaimedLane = async (
  deps: Need,
  network: Network,
  isolate: Isolate,
  claimed: Claimed,
  lane: Lane,
): Promise<void> => {
  const spend = () => {
    isolate.cpuMs += CPU_MS_PER_ATTEMPT
  }
  try {
    await runLane(deps, lane, { network, spend, ...claimed.tools })
  } catch (error) {
    deps.log({
      level: 'error',
      message: 'lane failed',
      account_id: lane.account_id,
      error: String(error),
    })
  }
  await claimed.tools
    .release(lane.account_id)
    .catch((error: unknown) =>
      deps.log({ level: 'error', message: 'release failed', error: String(error) }),
    )
}

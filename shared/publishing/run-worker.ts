import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { mayTakeMore } from '../worker/life.ts'
import type { Lane } from './batches.ts'
import { type Claimed, claimLanes } from './claim-lanes.ts'
import { runLane } from './run-lane.ts'

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
  // Without the database no more work is taken, but what is under way is brought to its end.
  const lost = (error: unknown) => {
    deps.log({ level: 'error', message: 'claim failed', error: String(error) })
    return 'lost' as const
  }
  let first = true

  while (first || mayTakeMore(life())) {
    first = false
    const room = CAPACITY - active.size
    const claimed = room > REFILL_BELOW ? await claimLanes(deps, workerId, room).catch(lost) : null
    if (claimed === 'lost') break
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
  let begun = false
  try {
    begun = await runLane(deps, lane, { network, spend, ...claimed.tools })
  } catch (error) {
    deps.log({
      level: 'error',
      message: 'lane failed',
      account_id: lane.account_id,
      error: String(error),
    })
  }
  await claimed.tools
    .release(lane.account_id, begun)
    .catch((error: unknown) =>
      deps.log({ level: 'error', message: 'release failed', error: String(error) }),
    )
}

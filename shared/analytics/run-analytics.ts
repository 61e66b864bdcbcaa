import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { mayTakeMore } from '../worker/life.ts'
import { retry } from '../worker/retry.ts'
import { collectMetrics } from './collect-metrics.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service' | 'log'
>
type RolledUp = { folded: number; is_empty: boolean }

/** CPU and age are the isolate's, over all its runs. */
export type Isolate = { startedAt: number; cpuMs: number }

/** Estimated; the stack reports what a worker really used: reading and saving one account; one fold. */
const CPU_MS = { account: 2, fold: 0.5 }

/**
 * Reads due metrics and rolls them up until nothing is due, or the isolate's life is half over.
 * What is left then is found by the next tick. An account that waits for its network is not due.
 */
export const runAnalytics = async (
  deps: Need,
  network: Network,
  isolate: Isolate,
): Promise<void> => {
  const mayGoOn = () =>
    mayTakeMore({
      ageMs: deps.monotonic() - isolate.startedAt,
      cpuMs: isolate.cpuMs,
      isEnding: deps.ending.aborted,
    })

  let claimed = 0
  do {
    claimed = await collectMetrics(deps, network)
    isolate.cpuMs += claimed * CPU_MS.account
    await rollUp(deps, isolate, mayGoOn)
  } while (claimed > 0 && mayGoOn())
}

const rollUp = async (deps: Need, isolate: Isolate, mayGoOn: () => boolean): Promise<void> => {
  let last: RolledUp
  do {
    // A repeated fold only finds less to do: what was claimed is gone from the dirty set.
    last = await retry(deps, () => deps.service<RolledUp>('roll_up'), { forMs: 10_000 })
    isolate.cpuMs += CPU_MS.fold
  } while (!last.is_empty && last.folded > 0 && mayGoOn())
}

import type { Deps } from '../deps.ts'
import { createBatcher } from '../worker/batcher.ts'
import { retry } from '../worker/retry.ts'
import type { DeliveryResult, Settled } from './batches.ts'

type Need = Pick<Deps, 'monotonic' | 'service' | 'sleep'>

/** Below the lease of 60 s: what is reported later may have been delivered again. */
const KEEP_TRYING_MS = 40_000

/**
 * Settles results in batches. Resolves with the milliseconds until something can be claimed again,
 * since a settled delivery makes room for the next of its endpoint.
 */
export const createReporter = (deps: Need): ((result: DeliveryResult) => Promise<number>) =>
  createBatcher({
    lingerMs: 10,
    maxItems: 200,
    sleep: deps.sleep,
    run: async (results: DeliveryResult[]) => {
      const settle = () => deps.service<Settled>('settle_deliveries', { p_results: results })
      const { next_in_ms: next } = await retry(deps, settle, { forMs: KEEP_TRYING_MS })
      return results.map(() => next ?? Number.POSITIVE_INFINITY)
    },
  })

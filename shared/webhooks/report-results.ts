import type { Deps } from '../deps.ts'
import { retry } from '../worker/retry.ts'
import type { DeliveryResult, Settled } from './batches.ts'

type Need = Pick<Deps, 'monotonic' | 'service' | 'sleep'>

type Waiting = {
  result: DeliveryResult
  resolve: (nextInMs: number) => void
  reject: (reason: unknown) => void
}

/** How long the first result of a batch waits for company. */
const LINGER_MS = 10
const MAX_RESULTS = 250
/** Below the lease of 60 s: what is reported later may have been delivered again. */
const KEEP_TRYING_MS = 40_000

/**
 * Settles results in batches, one after the other: two at once would only wait for each other's
 * lanes. Resolves with the milliseconds until something can be claimed again, since a settled
 * delivery makes room for the next of its endpoint.
 */
export const createReporter = (deps: Need): ((result: DeliveryResult) => Promise<number>) => {
  const waiting: Waiting[] = []
  let running = false

  const settle = async (batch: Waiting[]) => {
    const args = { p_results: batch.map(({ result }) => result) }
    const call = () => deps.service<Settled>('settle_deliveries', args)
    try {
      const { next_in_ms: next } = await retry(deps, call, { forMs: KEEP_TRYING_MS })
      for (const { resolve } of batch) resolve(next ?? Number.POSITIVE_INFINITY)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const flush = async () => {
    running = true
    await deps.sleep(LINGER_MS)
    while (waiting.length > 0) await settle(waiting.splice(0, MAX_RESULTS))
    running = false
  }

  return (result) =>
    new Promise((resolve, reject) => {
      waiting.push({ result, resolve, reject })
      if (!running) void flush()
    })
}

import type { Deps } from '../deps.ts'
import { retry } from '../worker/retry.ts'
import type { DeliveryClaim, DeliveryResult, Settled } from './batches.ts'

type Need = Pick<Deps, 'monotonic' | 'randomUUID' | 'service' | 'sleep'>

/** What a worker takes along when it reports. */
type Refill = {
  workerId: string
  /** How many deliveries it could begin once `settling` of those under way are done. */
  room: (settling: number) => number
  begin: (claimed: Pick<DeliveryClaim, 'endpoints' | 'deliveries'>) => void
}

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
 * lanes. What the database hands out in return is begun at once. Resolves with the milliseconds until something can be claimed again, since a settled
 * delivery makes room for the next of its endpoint.
 */
export const createReporter = (
  deps: Need,
  refill: Refill,
): ((result: DeliveryResult) => Promise<number>) => {
  const waiting: Waiting[] = []
  let running = false

  // The same claim id however often the call is made: what it leased is not taken twice.
  const argsOf = (batch: Waiting[]) => {
    const p_results = batch.map(({ result }) => result)
    const p_limit = refill.room(batch.length)
    if (p_limit <= 0) return { p_results }
    const claim = { p_claim_id: deps.randomUUID(), p_worker_id: refill.workerId }
    return { p_results, ...claim, p_limit }
  }

  const settle = async (batch: Waiting[]) => {
    const args = argsOf(batch)
    const call = () => deps.service<Settled>('settle_deliveries', args)
    try {
      const settled = await retry(deps, call, { forMs: KEEP_TRYING_MS })
      const { endpoints = [], deliveries = [], next_in_ms: next } = settled
      refill.begin({ endpoints, deliveries })
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

import type { Deps } from '../deps.ts'
import { retry } from '../worker/retry.ts'
import type { ClaimedDelivery, DeliveryClaim } from './batches.ts'
import { type Recipient, recipientOf } from './recipients.ts'

type Need = Pick<Deps, 'env' | 'monotonic' | 'randomUUID' | 'resolveDns' | 'service' | 'sleep'>

/** Ready and yet nothing taken: somebody else holds the lanes for a moment. */
const BUSY_MS = 50
/** Where there was something there is often more, and rings come 100 ms apart at best. */
const LOOK_AGAIN_MS = 25

/** One POST to make now. */
export type Attempt = { recipient: Recipient; delivery: ClaimedDelivery }

export type Claimed = {
  attempts: Attempt[]
  /** Milliseconds until it is worth asking again; infinity when nothing waits. */
  nextInMs: number
}

/** The attempts to make of what was claimed. */
export const attemptsOf = (
  deps: Pick<Need, 'env' | 'resolveDns'>,
  { endpoints, deliveries }: Pick<DeliveryClaim, 'endpoints' | 'deliveries'>,
): Attempt[] => {
  const recipients = new Map(
    endpoints.map((endpoint) => [endpoint.id, recipientOf(deps, endpoint)]),
  )
  return deliveries.flatMap((delivery) => {
    const recipient = recipients.get(delivery.endpoint_id)
    return recipient ? [{ recipient, delivery }] : []
  })
}

/** Leases at most `limit` deliveries. A lost answer is asked for again under the same claim id. */
export const claimAttempts = async (
  deps: Need,
  workerId: string,
  limit: number,
): Promise<Claimed> => {
  const args = { p_claim_id: deps.randomUUID(), p_worker_id: workerId, p_limit: limit }
  const claim = () => deps.service<DeliveryClaim>('claim_deliveries', args)
  const { endpoints, deliveries, next_in_ms: next } = await retry(deps, claim, { forMs: 10_000 })

  const attempts = attemptsOf(deps, { endpoints, deliveries })
  const nextInMs = next ?? Number.POSITIVE_INFINITY
  return {
    attempts,
    nextInMs:
      deliveries.length === 0 ? Math.max(nextInMs, BUSY_MS) : Math.min(nextInMs, LOOK_AGAIN_MS),
  }
}

import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import type { Lease } from '../worker/lease.ts'
import type { Turnstile } from '../worker/turnstile.ts'
import type { Attempt, AttemptResult } from './batches.ts'
import type { DatabaseClock } from './database-clock.ts'
import { resultOf, WORKER_ENDING } from './result-of.ts'

/** The request's own limit. Shorter than the lease of a Go (30 s), with room for the margin. */
export const SEND_TIMEOUT_MS = 20_000
const LEASE_MARGIN_MS = 2_000

type Sending = {
  network: Pick<Network, 'publish'>
  accessToken: string
  attempt: Attempt
  /** The instant the post is due, on the database's clock. */
  runAt: Date
  clock: DatabaseClock
  /** Of the Go that allowed it. */
  lease: Lease
  turnstile: Turnstile
}

type Sent = { result: AttemptResult; tokenRejected: boolean }

/**
 * Waits for the instant and its turn, and POSTs once, when the lease still covers the longest possible
 * request and the platform has not announced the isolate's end. Resolves with the result to settle; `tokenRejected` tells the caller to refresh the token.
 */
export const sendAttempt = async (
  deps: Pick<Deps, 'sleep' | 'ending' | 'deadline'>,
  sending: Sending,
): Promise<Sent> => {
  const wait = sending.clock.untilMs(sending.runAt)
  // Timers drop fractions of a millisecond, which would be early.
  if (wait > 0) await deps.sleep(Math.ceil(wait))
  return sending.turnstile(() => post(deps, sending))
}

/** Why an attempt must not leave; undefined when it may. A post never goes without what it shows. */
const whyNot = ({ ending }: Pick<Deps, 'ending'>, { media }: Attempt, lease: Lease) => {
  if (ending.aborted) {
    return {
      slug: WORKER_ENDING,
      detail: 'The platform ended the worker before it could send the post.',
      remedy: 'Nothing to do: it is sent again.',
    }
  }
  if (lease.leftMs() < SEND_TIMEOUT_MS + LEASE_MARGIN_MS) {
    return {
      slug: 'lease-too-short',
      detail: 'The worker was too slow to send the post safely.',
      remedy: 'Nothing to do: it is sent again.',
    }
  }
  if (media?.includes(null)) {
    return {
      slug: 'media-missing',
      detail: 'X does not have every medium of the post yet.',
      remedy: 'Nothing to do: it is sent once they are uploaded.',
    }
  }
}

const post = async (
  deps: Pick<Deps, 'ending' | 'deadline'>,
  { network, accessToken, attempt, clock, lease }: Sending,
): Promise<Sent> => {
  const sentAt = clock.now()
  const mediaIds = (attempt.media ?? []).filter((id) => id !== null)
  const reason = whyNot(deps, attempt, lease)
  if (reason) {
    const outcome = { kind: 'not_sent', who: 'provider', ...reason } as const
    const result = resultOf({ attempt, outcome, rates: [], sentAt, now: sentAt })
    return { result, tokenRejected: false }
  }
  const { rates, ...outcome } = await network.publish(
    accessToken,
    {
      text: attempt.text,
      replyTo: attempt.reply_to,
      ...(mediaIds.length > 0 ? { mediaIds } : {}),
    },
    { signal: deps.deadline(SEND_TIMEOUT_MS) },
  )
  const result = resultOf({ attempt, outcome, rates, sentAt, now: clock.now() })
  return { result, tokenRejected: outcome.kind === 'reauth' }
}

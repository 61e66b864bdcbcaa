import { withoutHope } from '../media/uploads.ts'
import type { RateWindow } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import type { Attempt, AttemptResult } from './batches.ts'

export type PublishOutcome = { kind: 'accepted'; remoteId: string } | Failure

type Sent = {
  attempt: Attempt
  outcome: PublishOutcome
  rates: RateWindow[]
  sentAt: Date
  now: Date
}

const later = (now: Date, ms: number) => new Date(now.getTime() + ms)

/** 2 s doubling to 15 min: how long a lane waits after the nth attempt of a segment. */
export const backoffMs = (number: number): number =>
  Math.min(2_000 * 2 ** Math.max(number - 1, 0), 900_000)

/** After that, one account tries whether the app may send again. */
const APP_PAUSE_MS = 300_000

/** How often the network may not know an upload of its own before the post is refused for it. */
const MOST_UPLOADS = 3

/** The slug of an attempt that the end of its isolate kept from being sent. */
export const WORKER_ENDING = 'worker-ending'

/** No window of a network is longer, whatever its headers say. */
const LONGEST_WAIT_MS = 25 * 3_600_000

/** A time to come that the network named, as an ISO instant; undefined when it is none. */
const named = (now: Date, time: Date | null | undefined): string | undefined => {
  const ms = time?.getTime() ?? Number.NaN
  if (!(ms > now.getTime())) return undefined
  return later(now, Math.min(ms - now.getTime(), LONGEST_WAIT_MS)).toISOString()
}

/** Until when an exhausted rate window keeps the account's lane closed. */
const windowEnd = (rates: RateWindow[], scope: RateWindow['scope'], now: Date) => {
  const ends = rates
    .filter((rate) => rate.scope === scope && rate.remaining === 0)
    .map((rate) => rate.resetAt.getTime())
    .filter((ms) => !Number.isNaN(ms))
  return ends.length === 0 ? undefined : named(now, new Date(Math.max(...ends)))
}

/**
 * What an answer of the network means for the attempt. The rule of the house: only an answer that
 * proves nothing was published leads to another send. The post then keeps its turn, and its lane
 * waits with it; where the network only forgot an upload, the lane goes on meanwhile.
 */
export const resultOf = ({ attempt, outcome, rates, sentAt, now }: Sent): AttemptResult => {
  const accountUntil = windowEnd(rates, 'account', now)
  const appUntil = windowEnd(rates, 'app', now)
  const base = {
    post_id: attempt.post_id,
    position: attempt.position,
    number: attempt.number,
    sent_at: sentAt.toISOString(),
    ...(accountUntil && { block_account_until: accountUntil }),
    ...(appUntil && { block_app_until: appUntil }),
  }
  if (outcome.kind === 'accepted') {
    return { ...base, outcome: 'accepted', remote_id: outcome.remoteId }
  }
  const { slug, detail, who, remedy, status } = outcome
  const failed = {
    ...base,
    ...(status !== undefined && { http_status: status }),
    error: { slug, detail, who, remedy },
  }
  const wait = later(now, backoffMs(attempt.number)).toISOString()
  switch (outcome.kind) {
    case 'refused':
      // Nothing was published: the file is uploaded again, and the post waits for that.
      if (slug === 'media-gone' && (attempt.media_losses ?? 0) < MOST_UPLOADS) {
        return { ...failed, outcome: 'retry' }
      }
      if (slug === 'media-gone')
        return { ...failed, outcome: 'refused', error: withoutHope(failed.error) }
      // After an attempt that was given up as absent, a duplicate may be that very attempt.
      return slug === 'duplicate-content' && attempt.number > 1
        ? { ...failed, outcome: 'unknown' }
        : { ...failed, outcome: 'refused' }
    case 'unknown':
      return { ...failed, outcome: 'unknown' }
    case 'retry': {
      const until = named(now, outcome.after) ?? wait
      return {
        ...failed,
        outcome: 'retry',
        block_account_until: until,
        ...(outcome.scope === 'app' && { block_app_until: until }),
      }
    }
    case 'app_blocked': {
      const block_app_until = later(now, APP_PAUSE_MS).toISOString()
      return { ...failed, outcome: 'retry', block_app_until }
    }
    // The database pauses the account by the slug; the post is not to blame.
    case 'account_blocked':
    case 'not_sent':
    case 'reauth':
      // Its successor may send it at once: neither the post nor the network is in the way.
      if (slug === WORKER_ENDING) return { ...failed, outcome: 'retry' }
      return { ...failed, outcome: 'retry', block_account_until: wait }
  }
}

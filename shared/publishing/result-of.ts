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

/** 2 s doubling to 15 min: how long the nth attempt of a segment waits before the next. */
export const backoffMs = (number: number): number =>
  Math.min(2_000 * 2 ** Math.max(number - 1, 0), 900_000)

/** Until when an exhausted rate window keeps the account's lane closed. */
const windowEnd = (rates: RateWindow[], scope: RateWindow['scope']): Date | undefined =>
  rates
    .filter((rate) => rate.scope === scope && rate.remaining === 0)
    .map((rate) => rate.resetAt)
    .sort((a, b) => b.getTime() - a.getTime())[0]

/**
 * What an answer of the network means for the attempt. The rule of the house: only an answer that
 * proves nothing was published leads to another send.
 */
export const resultOf = ({ attempt, outcome, rates, sentAt, now }: Sent): AttemptResult => {
  const base = {
    post_id: attempt.post_id,
    position: attempt.position,
    number: attempt.number,
    sent_at: sentAt.toISOString(),
    ...(windowEnd(rates, 'account') && {
      block_account_until: windowEnd(rates, 'account')?.toISOString(),
    }),
    ...(windowEnd(rates, 'app') && { block_app_until: windowEnd(rates, 'app')?.toISOString() }),
  }
  if (outcome.kind === 'accepted') {
    return { ...base, outcome: 'accepted', remote_id: outcome.remoteId }
  }
  const { slug, detail, who, remedy } = outcome
  const failed = { ...base, error: { slug, detail, who, remedy } }
  const wait = later(now, backoffMs(attempt.number))
  switch (outcome.kind) {
    case 'refused':
      // After an attempt that was given up as absent, a duplicate may be that very attempt.
      return slug === 'duplicate-content' && attempt.number > 1
        ? { ...failed, outcome: 'unknown' }
        : { ...failed, outcome: 'refused' }
    case 'unknown':
      return { ...failed, outcome: 'unknown' }
    case 'retry': {
      const until = (outcome.after ?? wait).toISOString()
      const block = outcome.scope === 'app' ? 'block_app_until' : 'block_account_until'
      return { ...failed, outcome: 'retry', retry_at: until, [block]: until }
    }
    case 'app_blocked':
      return {
        ...failed,
        outcome: 'retry',
        retry_at: now.toISOString(),
        block_app_until: later(now, 300_000).toISOString(),
      }
    case 'not_sent':
    case 'reauth':
      return { ...failed, outcome: 'retry', retry_at: wait.toISOString() }
  }
}

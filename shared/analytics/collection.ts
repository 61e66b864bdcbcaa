import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Counters } from '../networks/network.ts'

/** One segment whose metrics are due. */
export type DueSegment = { post_id: string; position: number; remote_id: string }

/** At most 100 due segments of one account: what one call to its network can ask. */
export type Collection = TokenHolder & { x_app_id: string; segments: DueSegment[] }

/** What `claim_collections` answers. */
export type CollectionClaim = { now: string; lease_ms: number; accounts: Collection[] }

type At = { post_id: string; position: number; timestamp: string }

/** A reading as `save_metrics` takes it; null where the network did not disclose the counter. */
export type Reading =
  | (At & { outcome: 'missing' })
  | (At &
      Omit<Counters, 'profileClicks'> & {
        outcome: 'read'
        profile_clicks: Counters['profileClicks']
      })

/** Gives an account back; until `blocked_until` it, or every account of its X app, is left alone. */
export type Release = {
  account_id: string
  scope: 'account' | 'app'
  blocked_until: string | null
  detail: string | null
}

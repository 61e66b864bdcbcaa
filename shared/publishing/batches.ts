import type { TokenHolder } from '../accounts/token-holder.ts'

/** Shapes that service.claim_jobs and service.advance exchange with workers. */

export type Job = { post_id: string; position: number; run_at: string }

export type Lane = TokenHolder & { x_app_id: string; jobs: Job[] }

export type Claim = { now: string; lease_ms: number; lanes: Lane[] }

/** A segment that may be sent now, once. */
export type Attempt = {
  post_id: string
  position: number
  number: number
  account_id: string
  text: string
  reply_to: string | null
  /** Ids on the network of what it shows, in order, null for what is not there; null without media. */
  media?: (string | null)[] | null
  /** How many earlier attempts the network refused because it did not know their media any more. */
  media_losses?: number | null
  is_last: boolean
}

/** What a claim asks to send and when, and the lanes it gives back. */
export type GoRequest = { post_id: string; claim_id: string; run_at: string }
export type DoneLane = { account_id: string; claim_id: string; is_skipped: boolean }

/** A result that the database could not apply, and why. */
export type Refused = Pick<AttemptResult, 'post_id' | 'position' | 'number'> & { detail: string }

/** `refused` is missing in the answers of a database that is a version behind. */
export type Advance = { now: string; lease_ms: number; attempts: Attempt[]; refused?: Refused[] }

export type AttemptError = { slug: string; detail: string; who: string; remedy: string }

export type AttemptResult = {
  post_id: string
  position: number
  number: number
  outcome: 'accepted' | 'refused' | 'retry' | 'unknown'
  remote_id?: string
  http_status?: number
  error?: AttemptError
  /** When the request left, on the database's clock. */
  sent_at?: string
  /** Until when the account's lane, or every lane of its app, sends nothing. */
  block_account_until?: string
  block_app_until?: string
}

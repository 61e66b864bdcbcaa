import type { TokenHolder } from '../accounts/token-holder.ts'

/** Shapes that service.claim_jobs, service.go and service.settle exchange with workers. */

export type Job = { post_id: string; position: number; run_at: string }

export type Lane = TokenHolder & { x_app_id: string; token: number; jobs: Job[] }

export type Claim = { now: string; lease_ms: number; lanes: Lane[] }

/** A segment that may be sent now, once. */
export type Attempt = {
  post_id: string
  position: number
  number: number
  account_id: string
  token: number
  text: string
  reply_to: string | null
  is_last: boolean
}

export type Go = { now: string; lease_ms: number; attempts: Attempt[] }

export type AttemptError = { slug: string; detail: string; who: string; remedy: string }

export type AttemptResult = {
  post_id: string
  position: number
  number: number
  outcome: 'accepted' | 'refused' | 'retry' | 'unknown'
  remote_id?: string
  error?: AttemptError
  /** When the request left, on the database's clock. */
  sent_at?: string
  retry_at?: string
  block_account_until?: string
  block_app_until?: string
}

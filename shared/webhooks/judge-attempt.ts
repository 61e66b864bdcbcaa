import type { Verdict } from './batches.ts'
import { retryDelay } from './retry-delay.ts'

/** How an attempt ended: with an answer, or with what kept one from coming. */
export type Ending = { status: number; retryAfterMs: number | null } | { error: string }

/**
 * What follows from an attempt. 2xx is delivered, a redirect is a failure, 410 ends the endpoint,
 * 429 and 503 with Retry-After give it a rest. `failures` counts the tries that failed before.
 */
export const judgeAttempt = (ending: Ending, failures: number, random: number): Verdict => {
  if (!('status' in ending)) return later(ending.error, failures, random, 0)
  const { status, retryAfterMs } = ending
  if (status >= 200 && status < 300) return { outcome: 'delivered' }
  if (status === 410) return { outcome: 'gone', error: 'http-410' }

  const error = status < 400 ? 'redirect' : `http-${status}`
  const verdict = later(error, failures, random, retryAfterMs ?? 0)
  const wantsRest = retryAfterMs !== null && (status === 429 || status === 503)
  return verdict.outcome === 'retry' && wantsRest ? { ...verdict, pause_ms: retryAfterMs } : verdict
}

const later = (error: string, failures: number, random: number, atLeastMs: number): Verdict => {
  const wait = retryDelay(failures + 1, random)
  if (wait === null) return { outcome: 'failed', error }
  return { outcome: 'retry', error, retry_after_ms: Math.max(wait, atLeastMs) }
}

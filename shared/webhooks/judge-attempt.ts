import type { Verdict } from './batches.ts'
import { retryDelay } from './retry-delay.ts'

/** How an attempt ended: with an answer, or with what kept one from coming, which may be our own fault. */
export type Ending =
  | { status: number; retryAfterMs: number | null }
  | { error: string; isOurs?: boolean }

/** How long what we could not send waits. A proxy comes back by itself; a key has to be found by somebody. */
const OUR_FAULT_MS: Record<string, number> = { 'proxy-unreachable': 60_000 }
const OTHER_FAULT_MS = 900_000

/**
 * What follows from an attempt. 2xx is delivered, a redirect is a failure, 410 ends the endpoint,
 * 429 and 503 with Retry-After give it a rest. `failures` counts the tries that failed before; our own
 * faults are none, and are tried again for as long as they last.
 */
export const judgeAttempt = (ending: Ending, failures: number, random: number): Verdict => {
  if (!('status' in ending)) {
    return ending.isOurs ? ours(ending.error, random) : later(ending.error, failures, random, 0)
  }
  const { status, retryAfterMs } = ending
  if (status >= 200 && status < 300) return { outcome: 'delivered' }
  if (status === 410) return { outcome: 'gone', error: 'http-410' }

  const error = status < 400 ? 'redirect' : `http-${status}`
  const verdict = later(error, failures, random, retryAfterMs ?? 0)
  const wantsRest = retryAfterMs !== null && (status === 429 || status === 503)
  return verdict.outcome === 'retry' && wantsRest ? { ...verdict, pause_ms: retryAfterMs } : verdict
}

const ours = (error: string, random: number): Verdict => {
  const wait = Math.round((OUR_FAULT_MS[error] ?? OTHER_FAULT_MS) * (1 + random / 4))
  return { outcome: 'retry', error, retry_after_ms: wait, pause_ms: wait, is_our_fault: true }
}

const later = (error: string, failures: number, random: number, atLeastMs: number): Verdict => {
  const wait = retryDelay(failures + 1, random)
  if (wait === null) return { outcome: 'failed', error }
  return { outcome: 'retry', error, retry_after_ms: Math.max(wait, atLeastMs) }
}

import type { Deps } from '../deps.ts'

type Options = {
  /** Total time to keep trying, milliseconds. */
  forMs: number
  /** Wait before the second try; doubles up to 5 s. */
  firstWaitMs?: number
}

/**
 * Repeats a call that is safe to repeat until it succeeds or the time is over, then throws its last
 * error. For calls to our own database, whose functions answer a repeated call like the first.
 */
export const retry = async <T>(
  deps: Pick<Deps, 'monotonic' | 'sleep'>,
  call: () => Promise<T>,
  { forMs, firstWaitMs = 100 }: Options,
): Promise<T> => {
  const giveUpAt = deps.monotonic() + forMs
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, 5_000)) {
    try {
      return await call()
    } catch (error) {
      if (deps.monotonic() + wait > giveUpAt) throw error
      await deps.sleep(wait)
    }
  }
}

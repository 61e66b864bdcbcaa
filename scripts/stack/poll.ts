import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks `probe` every `everyMs` until it answers something other than undefined or false.
 * Answers undefined when `timeoutMs` passed first.
 */
export const poll = async <T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs, everyMs = 15 }: { timeoutMs: number; everyMs?: number },
): Promise<T | undefined> => {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() >= end) return undefined
    await sleep(everyMs)
  }
}

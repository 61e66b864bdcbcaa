import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks `probe` every `everyMs` until it answers something other than undefined or false; less and less often, down to
 * every `slowestMs`, when that is given. Answers undefined when `timeoutMs` passed first.
 */
export const poll = async <T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  {
    timeoutMs,
    everyMs = 15,
    slowestMs = everyMs,
  }: { timeoutMs: number; everyMs?: number; slowestMs?: number },
): Promise<T | undefined> => {
  const end = performance.now() + timeoutMs
  let pause = everyMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() >= end) return undefined
    await sleep(pause)
    pause = Math.min(pause * 1.1, slowestMs)
  }
}

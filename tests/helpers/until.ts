import { poll } from '../../scripts/stack/poll.ts'

/** A long wait asks seldom: what asks takes the time of what it waits for. */
const SLOWEST_MS = 100

/** Asks until the answer is truthy, and returns it; throws naming `what` when that takes too long. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const answer = await poll(probe, { timeoutMs, slowestMs: SLOWEST_MS })
  if (answer === undefined) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
  return answer
}

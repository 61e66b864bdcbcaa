import { poll } from '../../scripts/stack/poll.ts'

/** Numbers from 0 to 1 that the seed decides alone (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run: CHAOS_SEED repeats one that a test name has shown. */
export const chaosSeed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Calls `blow` at so many random moments of the next `forMs`, one after the other. */
export const atRandomMoments = async (
  random: () => number,
  { times, forMs }: { times: number; forMs: number },
  blow: () => Promise<unknown>,
): Promise<void> => {
  const began = Date.now()
  const moments = Array.from({ length: times }, () => began + random() * forMs)
  for (const moment of moments.sort((a, b) => a - b)) {
    await poll(() => Date.now() >= moment, { timeoutMs: forMs + 1_000 })
    await blow()
  }
}

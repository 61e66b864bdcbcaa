const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Waits between tries, as Standard Webhooks suggests: ten tries over three days. */
const WAITS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/**
 * Milliseconds to wait after the n-th failed try (1 is the first), give or take a tenth so that
 * what failed together does not come back together. Null after the last. `random` is in [0, 1).
 */
export const retryDelay = (failures: number, random: number): number | null => {
  const wait = WAITS[failures - 1]
  return wait === undefined ? null : Math.round(wait * (0.9 + 0.2 * random))
}

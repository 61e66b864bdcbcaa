const epoch = 1_288_834_974_657

/** Ids like X's: 19 digits, the milliseconds first, always growing even when the clock goes back. */
export const createSnowflakes = (now: () => number, last = '0'): (() => string) => {
  let previous = BigInt(last)
  return () => {
    const next = BigInt(now() - epoch) << 22n
    previous = next > previous ? next : previous + 1n
    return previous.toString()
  }
}

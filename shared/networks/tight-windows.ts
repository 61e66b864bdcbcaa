import type { RateWindow } from './network.ts'

/** Less than a tenth is left: worth knowing, and worth leaving to what matters more. */
export const tightWindows = (rates: RateWindow[], now: Date): RateWindow[] =>
  rates.filter(
    ({ limit, remaining, resetAt }) =>
      limit > 0 && remaining * 10 < limit && resetAt.getTime() > now.getTime(),
  )

export type Window = { limit: number; remaining: number; reset: number; allowed: boolean }

export type RateWindows = {
  /** Counts one request against a fixed window that begins with its first request. */
  take(key: string, limit: number, seconds: number, now: number): Window
  clear(): void
}

export const createRateWindows = (): RateWindows => {
  const windows = new Map<string, { end: number; used: number }>()
  return {
    take: (key, limit, seconds, now) => {
      let window = windows.get(key)
      if (!window || window.end <= now) {
        window = { end: now + seconds * 1_000, used: 0 }
        windows.set(key, window)
      }
      const allowed = window.used < limit
      if (allowed) window.used += 1
      return {
        limit,
        remaining: Math.max(0, limit - window.used),
        reset: Math.ceil(window.end / 1_000),
        allowed,
      }
    },
    clear: () => windows.clear(),
  }
}

/** The headers X sends on every answer of a limited endpoint. */
export const rateHeaders = ({ limit, remaining, reset }: Window): Record<string, string> => ({
  'x-rate-limit-limit': String(limit),
  'x-rate-limit-remaining': String(remaining),
  'x-rate-limit-reset': String(reset),
})

/** The headers of the app's daily cap, sent when it is reached. */
export const appDayHeaders = ({ limit, remaining, reset }: Window): Record<string, string> => ({
  'x-app-limit-24hour-limit': String(limit),
  'x-app-limit-24hour-remaining': String(remaining),
  'x-app-limit-24hour-reset': String(reset),
})

const DAY = 86_400_000

/** Milliseconds a Retry-After header asks for (seconds or an HTTP date), a day at most; else null. */
export const parseRetryAfter = (header: string | null, now: Date): number | null => {
  if (header === null) return null
  const text = header.trim()
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime()
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), DAY)
}

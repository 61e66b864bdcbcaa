const DAY_MS = 86_400_000

/** Milliseconds a Retry-After header asks for (seconds or an HTTP date), a day at most; else null. */
export const parseRetryAfter = (header: string | null, now: Date): number | null => {
  const wait = waitFor(header?.trim() ?? '', now)
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), DAY_MS)
}

const waitFor = (text: string, now: Date): number => {
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  return text.endsWith(' GMT') ? Date.parse(text) - now.getTime() : Number.NaN
}

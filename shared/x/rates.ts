import type { RateWindow } from '../networks/network.ts'

const family = (prefix: string, scope: RateWindow['scope'], seconds: number) => ({
  ...{ limit: `${prefix}-limit`, remaining: `${prefix}-remaining`, reset: `${prefix}-reset` },
  ...{ scope, seconds },
})

const families = [
  family('x-rate-limit', 'account', 15 * 60),
  family('x-user-limit-24hour', 'account', 24 * 60 * 60),
  family('x-app-limit-24hour', 'app', 24 * 60 * 60),
]

const whole = (text: string | null | undefined): number | null =>
  text && /^\d+$/.test(text) ? Number(text) : null

/** The rate windows an answer of X tells of; a family of headers that is not whole is left out. */
export const readRates = (headers: Headers): RateWindow[] => {
  // Every `get` looks through all headers, and every post has some nine of them read.
  const named = new Map(headers)
  return families.flatMap(({ scope, seconds, ...names }) => {
    const limit = whole(named.get(names.limit))
    const remaining = whole(named.get(names.remaining))
    const reset = whole(named.get(names.reset))
    if (limit === null || remaining === null || reset === null) return []
    return [{ scope, seconds, limit, remaining, resetAt: new Date(reset * 1_000) }]
  })
}

/** Windows this long are waited for without being called exhausted, when X names no other time. */
const SHORT_SECONDS = 15 * 60

/**
 * When a 429 may be tried again and whom it concerns: the latest reset of the exhausted windows, never
 * before a Retry-After. Of windows that have room left only a short one is waited for, and only when X
 * named nothing else: a day is told of with every answer. Null when X named no time.
 */
export const readWait = (
  headers: Headers,
  now: Date,
): { after: Date | null; scope: 'account' | 'app' } => {
  const windows = readRates(headers)
  const exhausted = windows.filter((window) => window.remaining === 0)
  const seconds = whole(headers.get('retry-after'))
  const short = windows.filter((window) => window.seconds <= SHORT_SECONDS)
  const told = exhausted.length > 0 || seconds !== null ? exhausted : short
  const times = told.map(({ resetAt }) => resetAt.getTime())
  if (seconds !== null) times.push(now.getTime() + seconds * 1_000)
  return {
    after: times.length > 0 ? new Date(Math.max(...times)) : null,
    scope: exhausted.some(({ scope }) => scope === 'app') ? 'app' : 'account',
  }
}

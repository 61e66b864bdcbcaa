import type { RateWindow } from '../networks/network.ts'

const families = [
  { prefix: 'x-rate-limit', scope: 'account', seconds: 15 * 60 },
  { prefix: 'x-user-limit-24hour', scope: 'account', seconds: 24 * 60 * 60 },
  { prefix: 'x-app-limit-24hour', scope: 'app', seconds: 24 * 60 * 60 },
] as const

const whole = (headers: Headers, name: string): number | null => {
  const text = headers.get(name)
  return text !== null && /^\d+$/.test(text) ? Number(text) : null
}

/** The rate windows an answer of X tells of; a family of headers that is not whole is left out. */
export const readRates = (headers: Headers): RateWindow[] =>
  families.flatMap(({ prefix, scope, seconds }) => {
    const limit = whole(headers, `${prefix}-limit`)
    const remaining = whole(headers, `${prefix}-remaining`)
    const reset = whole(headers, `${prefix}-reset`)
    if (limit === null || remaining === null || reset === null) return []
    return [{ scope, seconds, limit, remaining, resetAt: new Date(reset * 1_000) }]
  })

/**
 * When a 429 may be tried again and whom it concerns: the latest reset of the exhausted windows,
 * never before a Retry-After; null when X named no time.
 */
export const readWait = (
  headers: Headers,
  now: Date,
): { after: Date | null; scope: 'account' | 'app' } => {
  const windows = readRates(headers)
  const exhausted = windows.filter((window) => window.remaining === 0)
  const seconds = whole(headers, 'retry-after')
  const times = (exhausted.length > 0 ? exhausted : windows).map(({ resetAt }) => resetAt.getTime())
  if (seconds !== null) times.push(now.getTime() + seconds * 1_000)
  return {
    after: times.length > 0 ? new Date(Math.max(...times)) : null,
    scope: exhausted.some(({ scope }) => scope === 'app') ? 'app' : 'account',
  }
}

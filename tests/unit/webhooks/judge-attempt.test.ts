import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAttempt } from '../../../shared/webhooks/judge-attempt.ts'
import { parseRetryAfter } from '../../../shared/webhooks/parse-retry-after.ts'
import { retryDelay } from '../../../shared/webhooks/retry-delay.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const answer = (status: number, retryAfterMs: number | null = null) =>
  judgeAttempt({ status, retryAfterMs }, 0, 0.5)

describe('an answer of', () => {
  test.each([200, 201, 204, 299])('%i is delivered', (status) => {
    expect(answer(status)).toEqual({ outcome: 'delivered' })
  })
  test.each([301, 302, 307, 0])('%i is a redirect, which is not followed', (status) => {
    expect(answer(status)).toMatchObject({ outcome: 'retry', error: 'redirect' })
  })
  test.each([400, 401, 404, 429, 500, 502, 504])('%i is tried again', (status) => {
    expect(answer(status)).toEqual({
      outcome: 'retry',
      error: `http-${status}`,
      retry_after_ms: 5_000,
    })
  })
  test('410 ends the endpoint', () => {
    expect(answer(410)).toEqual({ outcome: 'gone', error: 'http-410' })
  })
})

test('what kept us from asking is no failure of theirs, however often, and is tried again and again', () => {
  const verdict = judgeAttempt({ error: 'proxy-unreachable', isOurs: true }, 99, 0)
  expect(verdict).toEqual({
    outcome: 'retry',
    error: 'proxy-unreachable',
    retry_after_ms: 60_000,
    pause_ms: 60_000,
    is_our_fault: true,
  })
  const unreadable = judgeAttempt({ error: 'secret-unreadable', isOurs: true }, 99, 0)
  expect(unreadable).toMatchObject({ outcome: 'retry', retry_after_ms: 900_000 })
})

test('Retry-After lengthens the wait, and never shortens it', () => {
  expect(answer(500, 60_000)).toMatchObject({ retry_after_ms: 60_000 })
  expect(answer(500, 1_000)).toMatchObject({ retry_after_ms: 5_000 })
})

test('429 and 503 with Retry-After give the whole endpoint a rest, other answers do not', () => {
  expect(answer(429, 60_000)).toMatchObject({ pause_ms: 60_000 })
  expect(answer(503, 60_000)).toMatchObject({ pause_ms: 60_000 })
  expect(answer(500, 60_000)).not.toHaveProperty('pause_ms')
  expect(answer(429)).not.toHaveProperty('pause_ms')
})

test('the tenth failure is the last, after three days', () => {
  const verdicts = Array.from({ length: 10 }, (_, n) => judgeAttempt({ error: 'timeout' }, n, 0.5))
  const waits = verdicts.map((it) => (it.outcome === 'retry' ? it.retry_after_ms : 0))
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe((75 * 60 + 35) * 60_000 + 5_000)
  expect(verdicts.map(({ outcome }) => outcome)).toEqual([
    ...Array.from({ length: 9 }, () => 'retry'),
    'failed',
  ])
})

test('jitter moves a wait by a tenth at most', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const middle = retryDelay(failures, 0.5) ?? 0
        const wait = retryDelay(failures, random) ?? 0
        expect(Math.abs(wait - middle)).toBeLessThanOrEqual(middle / 10 + 1)
      },
    ),
  ))

test.each([
  [null, null],
  ['120', 120_000],
  ['0', 0],
  ['Sun, 22 Nov 2026 12:05:00 GMT', 300_000],
  ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  ['999999999', 86_400_000],
  ['soon', null],
  ['-5', null],
])('Retry-After: %s asks for %s ms', (header, wait) => {
  expect(parseRetryAfter(header, NOW)).toBe(wait)
})

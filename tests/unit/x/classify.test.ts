import { describe, expect, it } from 'vitest'
import { classify } from '../../../shared/x/classify.ts'
import { failureTable } from '../../../shared/x/failure-table.ts'

const now = new Date('2026-11-22T12:00:00Z')
const problem = (status: number, detail: string, type = 'about:blank') => ({
  body: { type, title: 'Forbidden', detail, status },
})
const legacy = (code: number, message: string) => ({ body: { errors: [{ code, message }] } })

const ask = (status: number, answer: { body?: unknown; headers?: Record<string, string> } = {}) =>
  classify({ status, headers: new Headers(answer.headers), body: answer.body }, now)

const notFromX = ['not-from-x', 'retry', 'provider'] as const

const rows: [name: string, ReturnType<typeof ask>, slug: string, kind: string, who: string][] = [
  [
    'the duplicate 403',
    ask(403, problem(403, 'You are not allowed to create a Tweet with duplicate content.')),
    'duplicate-content',
    'refused',
    'author',
  ],
  [
    'the older duplicate code',
    ask(403, legacy(187, 'Status is a duplicate.')),
    'duplicate-content',
    'refused',
    'author',
  ],
  [
    'a reply to someone else',
    ask(
      403,
      problem(403, 'Reply to this conversation is not allowed because you have not been mentioned'),
    ),
    'reply-not-allowed',
    'refused',
    'author',
  ],
  [
    'the other wording of it',
    ask(403, problem(403, 'You can only reply to or quote posts where you are mentioned')),
    'reply-not-allowed',
    'refused',
    'author',
  ],
  [
    'a parent that is gone',
    ask(
      403,
      problem(403, 'You attempted to reply to a Tweet that is deleted or not visible to you.'),
    ),
    'parent-gone',
    'refused',
    'author',
  ],
  [
    'the ambiguous 403',
    ask(403, problem(403, 'You are not permitted to perform this action.')),
    'not-permitted',
    'refused',
    'author',
  ],
  [
    'two cashtags',
    ask(403, problem(403, 'maximum of one cashtag')),
    'too-many-cashtags',
    'refused',
    'author',
  ],
  ['a bad link', ask(400, problem(400, 'invalid URL')), 'invalid-link', 'refused', 'author'],
  [
    'five images',
    ask(400, problem(400, 'maximum of 4 items')),
    'media-refused',
    'refused',
    'author',
  ],
  [
    'a forgotten upload',
    ask(400, problem(400, 'Your media IDs are invalid.')),
    'media-gone',
    'refused',
    'provider',
  ],
  [
    'a suspended account',
    ask(403, problem(403, 'User is suspended', 'https://api.x.com/2/problems/user-suspended')),
    'account-suspended',
    'account_blocked',
    'account',
  ],
  [
    'a locked account',
    ask(403, legacy(326, 'To protect our users, this account is temporarily locked.')),
    'account-suspended',
    'account_blocked',
    'account',
  ],
  [
    'the limit of a day',
    ask(403, legacy(185, 'User is over daily status update limit.')),
    'daily-limit',
    'retry',
    'account',
  ],
  [
    'a scope that was not granted',
    ask(403, problem(403, 'Missing required scope: media.write')),
    'scope-missing',
    'refused',
    'account',
  ],
  [
    'a text that is too long',
    ask(403, legacy(186, 'Tweet needs to be a bit shorter.')),
    'text-too-long',
    'refused',
    'author',
  ],
  [
    'what looks like a bot',
    ask(403, legacy(226, 'This request looks like it might be automated.')),
    'looks-automated',
    'refused',
    'account',
  ],
  [
    'a spend cap',
    ask(403, problem(403, 'You reached your spend cap')),
    'spending-limit',
    'app_blocked',
    'app',
  ],
  [
    'a usage cap',
    ask(
      429,
      problem(
        429,
        'Usage cap exceeded: Monthly product cap',
        'https://api.twitter.com/2/problems/usage-capped',
      ),
    ),
    'spending-limit',
    'app_blocked',
    'app',
  ],
  [
    'an app that is not enrolled',
    ask(403, { body: { reason: 'client-not-enrolled', title: 'Client Forbidden' } }),
    'app-not-permitted',
    'app_blocked',
    'app',
  ],
  [
    'no credits',
    ask(402, {
      body: {
        title: 'CreditsDepleted',
        detail: 'no credits',
        type: 'https://api.twitter.com/2/problems/credits',
      },
    }),
    'credits-depleted',
    'app_blocked',
    'app',
  ],
  ['a 401', ask(401, problem(401, 'Unauthorized')), 'token-refused', 'reauth', 'account'],
  [
    'a 400',
    ask(400, problem(400, 'One or more parameters to your request was invalid.')),
    'invalid-request',
    'refused',
    'author',
  ],
  ['a 404', ask(404, problem(404, 'Not Found')), 'not-found', 'refused', 'author'],
  ["the page of a firewall before X, which says nothing of X's", ask(403), ...notFromX],
  ['a 404 of another', ask(404), ...notFromX],
  ['a 403 that is JSON and no object', ask(403, { body: 'Forbidden' }), ...notFromX],
  ['another 4xx', ask(418), 'refused', 'refused', 'provider'],
  ['a 429', ask(429), 'rate-limited', 'retry', 'provider'],
  ['a request timeout', ask(408), 'unfinished', 'unknown', 'provider'],
  ['a redirect', ask(302), 'unfinished', 'unknown', 'provider'],
  ['a 500', ask(500), 'unfinished', 'unknown', 'provider'],
  ['a 503', ask(503, problem(503, 'Service Unavailable')), 'unfinished', 'unknown', 'provider'],
  ['a 2xx without its id', ask(200, { body: {} }), 'unreadable-answer', 'unknown', 'provider'],
  ['a timeout', classify({ broken: 'timeout', detail: '' }, now), 'timeout', 'unknown', 'provider'],
  [
    'a reset',
    classify({ broken: 'lost', detail: '' }, now),
    'connection-lost',
    'unknown',
    'provider',
  ],
  [
    'no connection',
    classify({ broken: 'not_sent', detail: '' }, now),
    'not-sent',
    'not_sent',
    'provider',
  ],
]

describe('the failure table', () => {
  it.each(rows)('explains %s', (_name, failure, slug, kind, who) => {
    expect(failure).toMatchObject({ slug, kind, who })
    expect(failure.remedy).toMatch(/\.$/)
  })

  it('has no row that these cases leave out', () => {
    const seen = new Set(rows.map(([, failure]) => failure.slug))
    expect(failureTable.map(({ slug }) => slug).filter((slug) => !seen.has(slug))).toEqual([])
  })

  it('gives the words of X as the detail', () => {
    expect(ask(403, problem(403, 'Words of X.')).detail).toBe('Words of X.')
    expect(ask(500).detail).toBe('X answered 500.')
  })

  it('does not take words of the author for words of X', () => {
    const body = {
      title: 'Invalid Request',
      errors: [{ parameters: { text: ['invalid url'] }, message: 'bad' }],
    }
    expect(ask(400, { body }).slug).toBe('invalid-request')
  })
})

const window = (prefix: string, remaining: number, reset: string) => ({
  [`${prefix}-limit`]: '100',
  [`${prefix}-remaining`]: String(remaining),
  [`${prefix}-reset`]: String(Date.parse(reset) / 1_000),
})

describe('a 429', () => {
  it('waits for the latest of the exhausted windows', () => {
    const headers = {
      ...window('x-rate-limit', 0, '2026-11-22T12:10:00Z'),
      ...window('x-user-limit-24hour', 0, '2026-11-22T20:00:00Z'),
      ...window('x-app-limit-24hour', 5, '2026-11-23T08:00:00Z'),
    }
    const after = new Date('2026-11-22T20:00:00Z')
    expect(ask(429, { headers })).toMatchObject({ after, scope: 'account' })
  })

  it('concerns the whole app when the daily cap of the app is used up', () => {
    const headers = {
      ...window('x-rate-limit', 90, '2026-11-22T12:10:00Z'),
      ...window('x-app-limit-24hour', 0, '2026-11-23T08:00:00Z'),
    }
    const after = new Date('2026-11-23T08:00:00Z')
    expect(ask(429, { headers })).toMatchObject({ after, scope: 'app' })
  })

  it('never waits a day for a window that has room left', () => {
    const headers = {
      ...window('x-rate-limit', 57, '2026-11-22T12:12:00Z'),
      ...window('x-app-limit-24hour', 9_200, '2026-11-23T08:00:00Z'),
    }
    const short = new Date('2026-11-22T12:12:00Z')
    expect(ask(429, { headers })).toMatchObject({ after: short, scope: 'account' })
    const told = new Date('2026-11-22T12:01:00Z')
    const named = ask(429, { headers: { ...headers, 'retry-after': '60' } })
    expect(named).toMatchObject({ after: told, scope: 'account' })
  })

  it('takes Retry-After when no window is told', () => {
    const after = new Date('2026-11-22T12:02:00Z')
    expect(ask(429, { headers: { 'retry-after': '120' } })).toMatchObject({ after })
  })

  it('names no time when X names none', () => {
    expect(ask(429)).toMatchObject({ after: null, scope: 'account' })
  })
})

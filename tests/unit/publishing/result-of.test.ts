import { expect, test } from 'vitest'
import type { RateWindow } from '../../../shared/networks/network.ts'
import { backoffMs, type PublishOutcome, resultOf } from '../../../shared/publishing/result-of.ts'
import { after, attemptOf, failure, START } from '../../helpers/fake-worker.ts'

const of = (
  outcome: PublishOutcome,
  { number = 1, media_losses = 0, rates = [] as RateWindow[] } = {},
) => {
  const attempt = attemptOf({ number, media_losses })
  return resultOf({ attempt, outcome, rates, sentAt: START, now: after(500) })
}

const rateLimited = (until: Date | null, scope: 'account' | 'app' = 'account') =>
  of({ ...failure('unknown', 'rate-limited'), kind: 'retry', after: until, scope })

const window = (rest: Partial<RateWindow>): RateWindow => ({
  scope: 'account',
  seconds: 900,
  limit: 100,
  remaining: 0,
  resetAt: after(60_000),
  ...rest,
})

test('names its attempt and when it left', () => {
  expect(of({ kind: 'accepted', remoteId: '42' })).toEqual({
    post_id: 'post',
    position: 0,
    number: 1,
    outcome: 'accepted',
    remote_id: '42',
    sent_at: START.toISOString(),
  })
})

test.each([
  ['refused', 'refused'],
  ['unknown', 'unknown'],
  ['not_sent', 'retry'],
  ['reauth', 'retry'],
  ['app_blocked', 'retry'],
] as const)('a %s answer is settled as %s, with its reason', (kind, outcome) => {
  expect(of(failure(kind))).toMatchObject({
    outcome,
    error: { slug: 'why', detail: 'Because.', who: 'provider', remedy: 'Wait.' },
  })
})

test('sends again only what was proven not to be published', () => {
  const again = (['refused', 'unknown', 'not_sent', 'reauth', 'app_blocked'] as const).filter(
    (kind) => of(failure(kind)).outcome === 'retry',
  )
  expect(again).toEqual(['not_sent', 'reauth', 'app_blocked'])
})

test('a duplicate on a first try is a refusal; later it may be our own earlier attempt', () => {
  const duplicate = failure('refused', 'duplicate-content')
  expect(of(duplicate, { number: 1 }).outcome).toBe('refused')
  expect(of(duplicate, { number: 2 }).outcome).toBe('unknown')
})

test('a rate limit closes the account until its window ends, an app limit the app, too', () => {
  const until = after(90_000).toISOString()
  const ofAccount = rateLimited(after(90_000))
  expect(ofAccount).toMatchObject({ block_account_until: until })
  expect(ofAccount.block_app_until).toBeUndefined()
  const ofApp = rateLimited(after(90_000), 'app')
  expect(ofApp).toMatchObject({ block_account_until: until, block_app_until: until })
})

test.each([
  ['none', null],
  ['one that has passed', after(-60_000)],
  ['no time at all', new Date(Number.NaN)],
])('backs off by itself when the network names %s', (_what, time) => {
  expect(rateLimited(time).block_account_until).toBe(after(500 + backoffMs(1)).toISOString())
})

test('no header closes a lane for longer than a day and an hour', () => {
  const longest = after(500 + 25 * 3_600_000).toISOString()
  expect(rateLimited(new Date('2999-01-01')).block_account_until).toBe(longest)
  const ended = of(
    { kind: 'accepted', remoteId: '1' },
    { rates: [window({ resetAt: new Date('2999-01-01') })] },
  )
  expect(ended.block_account_until).toBe(longest)
})

test('a nonsensical header never costs an accepted answer', () => {
  const rates = [window({ resetAt: new Date(Number.NaN) })]
  expect(of({ kind: 'accepted', remoteId: '1' }, { rates })).toMatchObject({
    outcome: 'accepted',
    remote_id: '1',
  })
})

test('an exhausted window closes what it belongs to until its latest end, a fresh one nothing', () => {
  const rates = [
    window({}),
    window({ resetAt: after(120_000) }),
    window({ scope: 'app', resetAt: after(180_000) }),
    window({ remaining: 1, resetAt: after(999_000) }),
  ]
  expect(of({ kind: 'accepted', remoteId: '1' }, { rates })).toMatchObject({
    block_account_until: after(120_000).toISOString(),
    block_app_until: after(180_000).toISOString(),
  })
  const fresh = of({ kind: 'accepted', remoteId: '1' }, { rates: [window({ remaining: 1 })] })
  expect(fresh.block_account_until).toBeUndefined()
})

test('exhausted credits stop the app for five minutes, and no lane for longer than the app', () => {
  const stopped = of(failure('app_blocked', 'credits-depleted'))
  expect(stopped.block_app_until).toBe(after(300_500).toISOString())
  expect(stopped.block_account_until).toBeUndefined()
})

test.each(['not_sent', 'reauth', 'account_blocked'] as const)(
  'a lane waits with its post that was %s',
  (kind) => {
    expect(of(failure(kind)).block_account_until).toBe(after(500 + backoffMs(1)).toISOString())
  },
)

test('an upload that X forgot holds up its post, not the lane', () => {
  const forgotten = of(failure('refused', 'media-gone'))
  expect(forgotten.outcome).toBe('retry')
  expect(forgotten.block_account_until).toBeUndefined()
})

test('attempts that failed for other reasons do not count as uploads that X forgot', () => {
  const losses = { number: 9, media_losses: 2 }
  expect(of(failure('refused', 'media-gone'), losses).outcome).toBe('retry')
})

test('one that X forgets again and again is to be uploaded anew by its author', () => {
  const forgotten = of(failure('refused', 'media-gone'), { media_losses: 3 })
  expect(forgotten).toMatchObject({
    outcome: 'refused',
    error: { who: 'author', remedy: expect.stringContaining('POST /media') },
  })
})

test('backs off from 2 s, doubling, to 15 min', () => {
  expect([1, 2, 3, 9, 10, 30].map(backoffMs)).toEqual([
    2_000, 4_000, 8_000, 512_000, 900_000, 900_000,
  ])
})

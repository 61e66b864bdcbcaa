import { expect, test } from 'vitest'
import { blockAfter } from '../../../shared/analytics/block-after.ts'
import type { Failure } from '../../../shared/networks/outcome.ts'
import { NOW } from './fakes.ts'

const said = { slug: 'slug', detail: 'Why.', who: 'provider', remedy: 'None.' } as const
const inSeconds = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

const CASES: [name: string, failure: Failure, scope: string, seconds: number][] = [
  ['nothing was sent', { kind: 'not_sent', ...said }, 'account', 60],
  ['the answer was lost', { kind: 'unknown', ...said }, 'account', 60],
  ['the token was refused', { kind: 'reauth', ...said }, 'account', 900],
  ['credits are exhausted', { kind: 'app_blocked', ...said }, 'app', 900],
  ['the request was refused', { kind: 'refused', ...said }, 'account', 3600],
  [
    'a rate window is full',
    { kind: 'retry', after: inSeconds(42), scope: 'account', ...said },
    'account',
    42,
  ],
  [
    "the app's window is full",
    { kind: 'retry', after: inSeconds(42), scope: 'app', ...said },
    'app',
    42,
  ],
  ['no time was named', { kind: 'retry', after: null, scope: 'account', ...said }, 'account', 900],
  [
    'the time named is past',
    { kind: 'retry', after: inSeconds(-60), scope: 'account', ...said },
    'account',
    5,
  ],
]

test.each(CASES)('when %s, waits for the right accounts and time', (_, failure, scope, seconds) => {
  expect(blockAfter(failure, NOW)).toEqual({
    scope,
    until: inSeconds(seconds),
    detail: 'slug: Why.',
  })
})

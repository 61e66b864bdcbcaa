import { expect, test } from 'vitest'
import { interpret } from '../../../shared/x/inbound.ts'
import { replayWindow } from '../../../shared/x/inbound-webhooks.ts'

const USER = '1111111111111111111'

const event = (event_type: string, payload: object, rest: object = {}) =>
  JSON.stringify({
    data: {
      event_uuid: '-2781149976877970683',
      filter: { user_id: USER },
      event_type,
      payload,
      ...rest,
    },
  })

// Of the shape X's documentation shows.
const post = {
  id: '2080761390344937796',
  text: 'Hello &amp; welcome https://t.co/abc',
  created_at: '2026-07-24T21:05:48.000Z',
  author_id: USER,
  conversation_id: '2080761390344937796',
  edit_history_tweet_ids: ['2080761390344937796'],
  public_metrics: { retweet_count: 0, retweet_count_str: '0' },
  entities: {
    urls: [{ url: 'https://t.co/abc', expanded_url: 'https://example.com/a', start: 16, end: 32 }],
  },
}

test('a post that appeared is read as a timeline shows it', () => {
  expect(interpret(event('post.create', { ...post, public_metrics: undefined }))).toMatchObject({
    kind: 'posted',
    remoteUserId: USER,
    item: {
      remoteId: post.id,
      authorId: USER,
      text: 'Hello & welcome https://example.com/a',
      createdAt: new Date(post.created_at),
      replyTo: null,
      media: [],
    },
  })
})

test('counters of a form we do not know do not cost us the post', () => {
  expect(interpret(event('post.create', post)).kind).toBe('posted')
})

test('a reply names its parent, and one that does not is believed to be nothing', () => {
  const reply = { ...post, conversation_id: '1' }
  expect(interpret(event('post.create', reply))).toEqual({ kind: 'unknown' })
  const named = { ...reply, referenced_tweets: [{ type: 'replied_to', id: '1' }] }
  expect(interpret(event('post.create', named))).toMatchObject({ item: { replyTo: '1' } })
})

test('a post of somebody else than the subscribed user is believed to be nothing', () => {
  expect(interpret(event('post.create', { ...post, author_id: '2' }))).toEqual({ kind: 'unknown' })
  expect(interpret(event('post.delete', { id: '1', author_id: '2' }))).toEqual({ kind: 'unknown' })
})

test('a deletion names the post', () => {
  expect(interpret(event('post.delete', { id: '208', author_id: USER }))).toEqual({
    kind: 'deleted',
    remoteUserId: USER,
    remoteId: '208',
  })
})

test('a mention names who wrote it', () => {
  const includes = {
    users: [
      { id: '2', username: 'other' },
      { id: USER, username: 'us' },
    ],
  }
  const payload = { ...post, author_id: '2', text: 'hey @us', entities: {} }
  expect(interpret(event('post.mention.create', payload, { includes }))).toEqual({
    kind: 'mentioned',
    remoteUserId: USER,
    mention: {
      remote_id: post.id,
      author_id: '2',
      author_username: 'other',
      text: 'hey @us',
      created_at: post.created_at,
    },
  })
})

test('a withdrawn consent names the user and when', () => {
  const payload = { date_time: '2026-07-24T21:05:48Z', user_id: '5', app_id: '7' }
  const at = new Date(payload.date_time)
  expect(interpret(event('oauth.revoke', payload))).toEqual({
    kind: 'revoked',
    remoteUserId: '5',
    at,
  })
  expect(interpret(event('oauth.revoke', { user_id: '5' }))).toMatchObject({ at: null })
})

test.each([
  '',
  '[]',
  'null',
  '{"data":null}',
  event('post.create', {}),
  event('post.create', { ...post, created_at: 'yesterday' }),
  event('post.delete', { id: 'x' }),
  event('oauth.revoke', {}),
  event('like.create', post),
  JSON.stringify({ for_user_id: '1', tweet_delete_events: [] }),
])('anything else is unknown, and nothing throws: %s', (body) => {
  expect(interpret(body)).toEqual({ kind: 'unknown' })
})

const now = new Date('2026-12-02T12:00:00Z')
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const minutes = (window: [number, number] | null) =>
  window?.map((at) => Math.round((now.getTime() - at) / 60_000))

test.each([
  ['a window X replays as it is', 90, 60, [90, 59]],
  ['one that began too lately begins earlier', 25, 15, [33, 14]],
  ['one that has not ended long enough ends earlier', 60, 0, [60, 11]],
  ['one longer than two hours is taken in parts', 600, 60, [600, 481]],
  ['one older than a day begins a day ago', 3_000, 1_400, [1_435, 1_399]],
])('%s', (_, from, until, expected) => {
  expect(minutes(replayWindow(minutesAgo(from), minutesAgo(until), now))).toEqual(expected)
})

test('what happened just now is not replayed yet, and what happened two days ago never', () => {
  expect(replayWindow(minutesAgo(8), minutesAgo(1), now)).toBeNull()
  expect(replayWindow(minutesAgo(3_000), minutesAgo(2_000), now)).toBeNull()
})

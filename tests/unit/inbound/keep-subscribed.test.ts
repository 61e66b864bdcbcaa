import { expect, test } from 'vitest'
import { keepSubscribed } from '../../../shared/inbound/keep-subscribed.ts'
import type { Webhooks } from '../../../shared/networks/webhooks.ts'
import { fakeNetwork, fakeWorker, tokenHolder } from '../../helpers/fake-worker.ts'

const TYPES = ['post.create', 'post.mention.create']

const webhooks = (changes: Partial<Webhooks> = {}): Webhooks => ({
  missing: null,
  eventTypes: TYPES,
  ensure: async () => 'hook',
  list: async () => [],
  needsToken: (type) => type === 'post.mention.create',
  subscribe: async () => 'made',
  unsubscribe: async () => {},
  replay: async () => null,
  ...changes,
})

const wanted = async (event_type: string, rest: object = {}) => ({
  ...(await tokenHolder()),
  event_type,
  remote_user_id: '1',
  is_wanted: true,
  subscription_id: null,
  ...rest,
})

const worker = (subscriptions: object[], check: object = { due: false }) => {
  const batches = [subscriptions, []]
  return fakeWorker({
    claim_webhook_check: () => check,
    claim_subscriptions: () => ({ webhook_id: 'hook', subscriptions: batches.shift() ?? [] }),
  })
}

const network = fakeNetwork({})

test('a type that needs the account is subscribed with its token, others as the app', async () => {
  const asked: unknown[] = []
  const { deps, callsOf } = worker([
    await wanted('post.create'),
    await wanted('post.mention.create'),
  ])
  const at = webhooks({
    subscribe: async (_, { event_type }, token) => {
      asked.push([event_type, token])
      return `id of ${event_type}`
    },
  })
  expect(await keepSubscribed(deps, network, at)).toBe(2)
  expect(asked).toEqual([
    ['post.create', null],
    ['post.mention.create', 'access-1'],
  ])
  expect(callsOf('settle_subscription')).toMatchObject([
    { p_subscription_id: 'id of post.create', p_error: null },
    { p_subscription_id: 'id of post.mention.create', p_error: null },
  ])
})

test('what X refuses is remembered with its words, and the next one is made all the same', async () => {
  const { deps, callsOf } = worker([await wanted('post.create'), await wanted('post.create')])
  let calls = 0
  const at = webhooks({
    subscribe: async () => {
      calls += 1
      if (calls === 1) throw new Error('too many')
      return 'made'
    },
  })
  await keepSubscribed(deps, network, at)
  expect(callsOf('settle_subscription')).toMatchObject([
    { p_subscription_id: null, p_error: 'Error: too many' },
    { p_subscription_id: 'made', p_error: null },
  ])
})

test('what is not wanted any more is deleted; a deletion X refuses keeps its id', async () => {
  const unwanted = { is_wanted: false, subscription_id: 'old', encrypted_tokens: null }
  const { deps, callsOf } = worker([await wanted('post.create', unwanted)])
  await keepSubscribed(
    deps,
    network,
    webhooks({
      unsubscribe: async () => {
        throw new Error('not now')
      },
    }),
  )
  expect(callsOf('settle_subscription')).toMatchObject([
    { p_subscription_id: 'old', p_error: 'Error: not now' },
  ])
})

test('an account without tokens is not subscribed to what needs them', async () => {
  const { deps, callsOf } = worker([
    await wanted('post.mention.create', { encrypted_tokens: null }),
  ])
  await keepSubscribed(deps, network, webhooks())
  expect(callsOf('settle_subscription')).toMatchObject([
    { p_subscription_id: null, p_error: 'Error: the account has no tokens' },
  ])
})

test('a check registers the webhook, replays what was missed and compares subscriptions', async () => {
  const missed = {
    due: true,
    missed_from: '2026-12-01T09:00:00Z',
    missed_until: '2026-12-01T10:00:00Z',
  }
  const { deps, callsOf } = worker([], missed)
  const replayed: unknown[] = []
  const until = new Date('2026-12-01T10:01:00Z')
  const atX = [{ subscription_id: 's', event_type: 'post.create', remote_user_id: '1' }]
  const at = webhooks({
    list: async () => atX,
    replay: async (...asked) => {
      replayed.push(asked)
      return until
    },
  })
  await keepSubscribed(deps, network, at)
  expect(replayed).toEqual([['hook', new Date(missed.missed_from), new Date(missed.missed_until)]])
  expect(callsOf('save_webhook_check')).toEqual([
    {
      p_webhook_id: 'hook',
      p_event_types: TYPES,
      p_at_x: atX,
      p_replayed_until: until.toISOString(),
    },
  ])
})

test('a webhook X does not believe in is reported, with its words', async () => {
  const { deps, callsOf } = worker([], { due: true, missed_from: null, missed_until: null })
  const at = webhooks({
    ensure: async () => {
      throw new Error('CrcValidationFailed')
    },
  })
  await keepSubscribed(deps, network, at)
  expect(callsOf('save_webhook_check')).toMatchObject([{ p_error: 'Error: CrcValidationFailed' }])
})

test('without its settings nothing is asked of X, and nobody is rung for a while', async () => {
  const { deps, calls } = worker([])
  await keepSubscribed(deps, network, webhooks({ missing: 'X_BEARER_TOKEN' }))
  expect(calls.map(({ fn }) => fn)).toEqual(['park_subscriptions'])
})

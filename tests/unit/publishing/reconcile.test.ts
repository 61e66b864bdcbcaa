import { expect, test, vi } from 'vitest'
import type { Network, TimelineItem } from '../../../shared/networks/network.ts'
import { reconcile } from '../../../shared/publishing/reconcile.ts'
import {
  after,
  failure,
  fakeNetwork,
  fakeWorker,
  granted,
  START,
  tokenHolder,
} from '../../helpers/fake-worker.ts'

const item = (remoteId: string, rest: Partial<TimelineItem> = {}): TimelineItem => ({
  remoteId,
  authorId: '7',
  text: 'text',
  createdAt: after(1_000),
  replyTo: null,
  quotes: null,
  media: [],
  ...rest,
})

const GAP = 'X left something out.'

const timeline = (items: TimelineItem[], complete = true) => ({
  kind: 'timeline' as const,
  items,
  complete,
  gap: complete ? null : GAP,
  rates: [],
})

const lookOf = async (rest: object = {}) => ({
  ...(await tokenHolder()),
  post_id: 'post',
  position: 0,
  number: 1,
  look_id: 'look',
  text: 'text',
  reply_to: null,
  media: [],
  tries: 1,
  sending_at: START.toISOString(),
  remote_user_id: '7',
  ...rest,
})

type Options = {
  looks?: object[]
  owned?: string[]
  network?: Partial<Network>
  /** More looks, a batch each, claimed after `looks`. */
  backlog?: object[][]
  /** CPU the isolate has spent already. */
  cpuMs?: number
}

const run = async (answer: Network['timeline'], options: Options = {}) => {
  const batches = [options.looks ?? [await lookOf()], ...(options.backlog ?? [])]
  const worker = fakeWorker({
    claim_looks: () => ({ looks: batches.shift() ?? [] }),
    list_owned_remote_ids: () => options.owned ?? [],
    lease_token_refresh: async () => ({ ...(await tokenHolder()), leased: true, version: 1 }),
    save_refreshed_tokens: () => ({ saved: true }),
  })
  const timelineFn = vi.fn(answer)
  const isolate = { startedAt: 0, cpuMs: options.cpuMs ?? 0, planned: 0 }
  const total = await reconcile(
    worker.deps,
    fakeNetwork({
      timeline: timelineFn,
      match: (sent, found) => (sent.text === found.text ? 'possible' : 'no'),
      ...options.network,
    }),
    isolate,
  )
  const verdicts = worker
    .callsOf('settle_looks')
    .flatMap(({ p_verdicts }) => p_verdicts as object[])
  return { worker, verdicts, total, timeline: timelineFn, cpuMs: isolate.cpuMs }
}

test('reports a find with its id, its time and the look it answers', async () => {
  const { verdicts } = await run(async () => timeline([item('42')]))

  expect(verdicts).toEqual([
    {
      post_id: 'post',
      position: 0,
      number: 1,
      look_id: 'look',
      verdict: 'found',
      remote_id: '42',
      sent_at: after(1_000).toISOString(),
    },
  ])
})

test('only a complete timeline proves absence', async () => {
  expect((await run(async () => timeline([], true))).verdicts).toMatchObject([
    { verdict: 'absent' },
  ])
  expect((await run(async () => timeline([], false))).verdicts).toMatchObject([
    { verdict: 'no_evidence', reason: { slug: 'timeline-incomplete', detail: GAP } },
  ])
})

test('a find in an incomplete timeline is a find all the same', async () => {
  const { verdicts } = await run(async () => timeline([item('42')], false))
  expect(verdicts).toMatchObject([{ verdict: 'found' }])
})

test.each(['refused', 'unknown', 'not_sent', 'app_blocked'] as const)(
  'a timeline that ends %s is no evidence, and the verdict says why',
  async (kind) => {
    const failed = failure(kind)
    const { verdicts } = await run(async () => failed)
    const { slug, detail } = failed
    expect(verdicts).toMatchObject([{ verdict: 'no_evidence', reason: { slug, detail } }])
  },
)

test('a look that breaks off tells people so, and what broke to the log alone', async () => {
  const { verdicts, worker } = await run(async () => {
    throw new Error('secret of the machine')
  })
  expect(verdicts).toMatchObject([{ verdict: 'no_evidence', reason: { slug: 'look-broke' } }])
  expect(JSON.stringify(verdicts)).not.toContain('secret')
  expect(JSON.stringify(worker.logs)).toContain('secret of the machine')
})

test('a rejected token is no evidence, and is refreshed for the next look', async () => {
  const refresh = vi.fn(async () => granted('2'))
  const { verdicts } = await run(async () => failure('reauth'), { network: { refresh } })

  expect(verdicts).toMatchObject([{ verdict: 'no_evidence' }])
  expect(refresh).toHaveBeenCalledTimes(1)
})

test('never gives one post to two segments, nor one that belongs to a third', async () => {
  const looks = await Promise.all([
    lookOf({ post_id: 'a' }),
    lookOf({ post_id: 'b' }),
    lookOf({ post_id: 'c', text: 'other' }),
  ])
  const items = [item('1'), item('2', { createdAt: after(2_000) }), item('3', { text: 'other' })]

  const { verdicts } = await run(async () => timeline(items), { looks, owned: ['3'] })

  expect(verdicts).toMatchObject([
    { post_id: 'a', verdict: 'found', remote_id: '1' },
    { post_id: 'b', verdict: 'found', remote_id: '2' },
    { post_id: 'c', verdict: 'absent' },
  ])
})

test('names every post that an attempt could be when it cannot tell', async () => {
  const { verdicts } = await run(async () => timeline([item('1'), item('2')]))

  expect(verdicts).toMatchObject([{ verdict: 'ambiguous', candidates: ['1', '2'] }])
})

test("reads an account's timeline once for all its looks, from before the oldest", async () => {
  const looks = [
    await lookOf({ post_id: 'a', sending_at: after(60_000).toISOString() }),
    await lookOf({ post_id: 'b' }),
  ]

  const { timeline: asked, total } = await run(async () => timeline([]), { looks })

  expect(asked.mock.calls).toEqual([
    [
      'access-1',
      { remoteUserId: '7', since: after(-120_000) },
      { signal: expect.any(AbortSignal) },
    ],
  ])
  expect(total).toBe(2)
})

test("one account's trouble is no other's", async () => {
  const looks = [
    await lookOf({ post_id: 'a', account_id: 'broken' }),
    await lookOf({ post_id: 'b' }),
  ]

  const { verdicts, worker } = await run(async () => timeline([item('42')]), { looks })

  // Accounts are looked at side by side: which one reports first is nobody's promise.
  const byPost = verdicts.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
  expect(byPost).toMatchObject([
    { post_id: 'a', verdict: 'no_evidence' },
    { post_id: 'b', verdict: 'found' },
  ])
  expect(worker.logs).toMatchObject([{ message: 'look without evidence', account_id: 'broken' }])
})

test('asks X for nothing and settles nothing when there is nothing to look for', async () => {
  const { timeline: asked, verdicts, total } = await run(async () => timeline([]), { looks: [] })

  expect(asked).not.toHaveBeenCalled()
  expect(verdicts).toEqual([])
  expect(total).toBe(0)
})

const round = async () => {
  const look = await lookOf()
  return Array.from({ length: 50 }, (_, index) => ({ ...look, account_id: `account-${index}` }))
}

test('a backlog is looked for in four rounds a ring, and counts as CPU of the isolate', async () => {
  const [looks, ...backlog] = await Promise.all(Array.from({ length: 6 }, round))
  const { total, cpuMs } = await run(async () => timeline([]), { looks: looks ?? [], backlog })
  expect(total).toBe(200)
  expect(cpuMs).toBe(300)
})

test('an isolate whose CPU is half spent takes one round and no second', async () => {
  const [looks, ...backlog] = await Promise.all(Array.from({ length: 6 }, round))
  const { total } = await run(async () => timeline([]), { looks: looks ?? [], backlog, cpuMs: 950 })
  expect(total).toBe(50)
})

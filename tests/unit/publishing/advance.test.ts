import { expect, test, vi } from 'vitest'
import { createAdvance } from '../../../shared/publishing/advance.ts'
import type { AttemptResult } from '../../../shared/publishing/batches.ts'
import { attemptOf, fakeWorker, START } from '../../helpers/fake-worker.ts'

const answer = (postIds: string[]) => ({
  now: START.toISOString(),
  lease_ms: 30_000,
  attempts: postIds.map((post_id) => attemptOf({ post_id })),
})

test('of two claims of one lane the later gets the attempt, whoever asks first in a call', async () => {
  const { deps, calls } = fakeWorker({ advance: () => answer(['a', 'b']) })
  const { advance } = createAdvance(deps)
  const asked = [
    { go: { post_id: 'a', claim_id: 'lapsed', run_at: START.toISOString() }, claimNumber: 1 },
    { go: { post_id: 'a', claim_id: 'current', run_at: START.toISOString() }, claimNumber: 2 },
    { go: { post_id: 'b', claim_id: 'current', run_at: START.toISOString() }, claimNumber: 2 },
    { go: { post_id: 'b', claim_id: 'lapsed', run_at: START.toISOString() }, claimNumber: 1 },
  ]
  const allowed = await Promise.all(asked.map((step) => advance(step)))
  expect(calls).toHaveLength(1)
  expect(allowed.map((each) => each?.attempt.post_id ?? null)).toEqual([null, 'a', 'b', null])
})

test('what was settled is stamped at the end, once, and nothing when nothing was', async () => {
  const { deps, callsOf } = fakeWorker({ advance: () => answer([]) })
  const { advance, stamp } = createAdvance(deps)
  await stamp()
  expect(callsOf('stamp_events')).toHaveLength(0)

  const result = { post_id: 'a', position: 0, number: 1, outcome: 'accepted' as const }
  await advance({ result })
  await stamp()
  await stamp()
  expect(callsOf('stamp_events')).toHaveLength(1)
})

test('tells how many attempts it settled with which outcome, once they are', async () => {
  let calls = 0
  const { deps, logs } = fakeWorker({
    advance: () => {
      calls += 1
      if (calls === 1) throw new Error('the answer is lost')
      return answer([])
    },
  })
  const { advance } = createAdvance(deps)
  const outcomes = ['accepted', 'unknown', 'accepted'] as const
  await Promise.all(
    outcomes.map((outcome, position) =>
      advance({ result: { post_id: 'a', position, number: 1, outcome } }),
    ),
  )
  expect(logs).toEqual([{ message: 'attempts settled', accepted: 2, unknown: 1 }])
})

const resultOf = (post_id: string): AttemptResult => ({
  post_id,
  position: 0,
  number: 1,
  outcome: 'accepted',
  remote_id: `on-x-${post_id}`,
})
const doneOf = (account_id: string) => ({ account_id, claim_id: 'claim', is_skipped: false })
const goOf = (post_id: string) => ({ post_id, claim_id: 'claim', run_at: START.toISOString() })

type Asked = { p_go: unknown[]; p_results: AttemptResult[]; p_release: unknown[] }

/** A database that says to each call what `says` makes of it. */
const withDatabase = (says: (asked: Asked, call: number) => unknown) => {
  let calls = 0
  const worker = fakeWorker({
    advance: (args) => {
      calls += 1
      return says(args as Asked, calls)
    },
  })
  const { advance } = createAdvance(worker.deps)
  return { ...worker, advance, asked: () => worker.callsOf('advance') as Asked[] }
}

test('lanes are given back although a result of their batch is refused again and again', async () => {
  const { advance, asked } = withDatabase(({ p_results }) => {
    if (p_results.length > 0) throw new Error('not this result')
    return answer([])
  })
  const reported = advance({ result: resultOf('bad'), done: doneOf('of-bad') })
  const released = advance({ done: doneOf('finished') })

  expect(await released).toBe(null)
  await expect(reported).rejects.toThrow('not this result')
  const [whole, ...repeated] = asked()
  expect(whole?.p_release).toHaveLength(2)
  const releasing = repeated.filter(({ p_results }) => p_results.length === 0)
  expect(releasing).toMatchObject([{ p_go: [], p_release: [doneOf('finished')] }])
})

test('a lane is never given back before the result that came with it', async () => {
  const { advance, asked } = withDatabase(({ p_results }, call) => {
    if (p_results.length > 0 && call < 5) throw new Error('not yet')
    return answer([])
  })
  await Promise.all([
    advance({ result: resultOf('a'), done: doneOf('of-a') }),
    advance({ done: doneOf('finished') }),
  ])
  for (const { p_results, p_release } of asked()) {
    if (p_release.some((lane) => (lane as { account_id: string }).account_id === 'of-a'))
      expect(p_results).toEqual([resultOf('a')])
  }
  expect(asked().at(-1)).toMatchObject({ p_results: [resultOf('a')], p_release: [doneOf('of-a')] })
})

test('a lane that cannot be given back is left to the end of its lease', async () => {
  const { advance, calls } = withDatabase(({ p_release }) => {
    if (p_release.length > 0) throw new Error('not this lane')
    return answer([])
  })
  await expect(advance({ done: doneOf('stuck') })).rejects.toThrow('not this lane')
  const lastAt = calls.at(-1)?.atMs ?? 0
  expect(lastAt).toBeGreaterThan(20_000)
  expect(lastAt).toBeLessThan(31_000)
})

const refusing = (post_id: string) => [{ post_id, position: 0, number: 1, detail: 'a bad row' }]

test('a result that the database refuses for itself is repeated alone, and keeps nothing else waiting', async () => {
  const { advance, asked, logs } = withDatabase((_asked, call) => ({
    ...answer(call === 1 ? ['next'] : []),
    refused: call < 4 ? refusing('bad') : [],
  }))
  let isKept = true
  const bad = advance({ result: resultOf('bad'), done: doneOf('of-bad') }).then((allowed) => {
    isKept = false
    return allowed
  })
  const good = advance({ result: resultOf('good') })
  const next = advance({ go: goOf('next') })

  expect(await good).toBe(null)
  expect((await next)?.attempt.post_id).toBe('next')
  expect(isKept).toBe(true)
  expect(await bad).toBe(null)
  const [, ...repeated] = asked()
  expect(repeated).toHaveLength(3)
  for (const call of repeated) {
    expect(call).toMatchObject({ p_go: [], p_results: [resultOf('bad')], p_release: [] })
  }
  expect(logs).toEqual([
    { message: 'attempts settled', accepted: 1 },
    { message: 'attempts settled', accepted: 1 },
  ])
})

test('a result that is refused for two minutes is told as a failure, with why', async () => {
  const { advance, calls, logs } = withDatabase(() => ({ ...answer([]), refused: refusing('bad') }))

  await expect(advance({ result: resultOf('bad') })).rejects.toThrow('a bad row')
  expect(calls.at(-1)?.atMs).toBeGreaterThan(110_000)
  expect(logs).toMatchObject([{ level: 'error', message: 'results given up' }])
})

test('a lane goes on although the result it reported with its next Go is refused', async () => {
  const { advance, asked } = withDatabase((_asked, call) => ({
    ...answer(call === 1 ? ['next'] : []),
    refused: call === 1 ? refusing('bad') : [],
  }))
  const allowed = await advance({ result: resultOf('bad'), go: goOf('next') })
  expect(allowed?.attempt.post_id).toBe('next')
  await vi.waitFor(() =>
    expect(asked().slice(1)).toMatchObject([{ p_go: [], p_results: [resultOf('bad')] }]),
  )
})

import { expect, test } from 'vitest'
import { createAdvance } from '../../../shared/publishing/advance.ts'
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

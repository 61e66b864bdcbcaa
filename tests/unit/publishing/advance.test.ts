import { expect, test } from 'vitest'
import { createAdvance } from '../../../shared/publishing/advance.ts'
import { attemptOf, fakeWorker, START } from '../../helpers/fake-worker.ts'

const answer = (postIds: string[]) => ({
  now: START.toISOString(),
  lease_ms: 30_000,
  attempts: postIds.map((post_id) => attemptOf({ post_id })),
})

test('an attempt is handed to one asker, whoever else asks for the post in the same call', async () => {
  const { deps, calls } = fakeWorker({ advance: () => answer(['a', 'b']) })
  const { advance } = createAdvance(deps)
  const asked = [
    { post_id: 'a', claim_id: 'lapsed' },
    { post_id: 'b', claim_id: 'current' },
    { post_id: 'a', claim_id: 'current' },
  ]
  const allowed = await Promise.all(asked.map((go) => advance({ go })))
  expect(calls).toHaveLength(1)
  const sent = allowed.flatMap((each) => each?.attempt.post_id ?? [])
  expect(sent.sort()).toEqual(['a', 'b'])
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

import { expect, test, vi } from 'vitest'
import type { Lane } from '../../../shared/publishing/batches.ts'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'
import { runLane } from '../../../shared/publishing/run-lane.ts'
import { runWorker } from '../../../shared/publishing/run-worker.ts'
import { sendAttempt } from '../../../shared/publishing/send-attempt.ts'
import { mayTakeMore } from '../../../shared/worker/life.ts'
import { deliveryWorker } from '../../helpers/delivery-worker.ts'
import {
  accepted,
  after,
  attemptOf,
  fakeNetwork,
  fakeWorker,
  START,
  tokenHolder,
} from '../../helpers/fake-worker.ts'

test('no worker takes more, however little it thinks it has spent', () => {
  const life = { ageMs: 0, cpuMs: 0, isEnding: false }
  expect(mayTakeMore(life)).toBe(true)
  expect(mayTakeMore({ ...life, isEnding: true })).toBe(false)
})

test('a publisher claims nothing, and rings a successor for what is due', async () => {
  const worker = fakeWorker({ leave_worker: () => 1 })
  worker.announceEnd()

  const isolate = { startedAt: 0, cpuMs: 0, planned: 0 }
  await (await runWorker(worker.deps, fakeNetwork({}), isolate)).drained

  expect(worker.callsOf('claim_jobs')).toHaveLength(0)
  expect(worker.callsOf('ring_publish')).toHaveLength(1)
})

test('a post that had its Go and waits for its turn is not sent, and its queue has it back', async () => {
  const publish = vi.fn(async () => accepted('9'))
  const worker = fakeWorker()

  const { result } = await sendAttempt(worker.deps, {
    network: { publish },
    accessToken: 'token',
    attempt: attemptOf(),
    runAt: START,
    clock: anchorClock(START, 0, worker.deps.monotonic),
    lease: { leftMs: () => 30_000 },
    turnstile: (work) => {
      worker.announceEnd()
      return work()
    },
  })

  expect(publish).not.toHaveBeenCalled()
  expect(result).toMatchObject({ outcome: 'retry', error: { slug: 'worker-ending' } })
})

/** A lane whose posts are due at these times after the start, in a worker that sleeps until it is told of its end. */
const laneDueAt = async (...times: number[]) => {
  const worker = fakeWorker()
  const sleep = (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const jobs = times.map((ms, index) => ({
    post_id: `${index}`,
    position: 0,
    run_at: after(ms).toISOString(),
  }))
  const lane: Lane = { ...(await tokenHolder()), x_app_id: 'app', jobs }
  const steps: string[] = []
  const run = runLane({ ...worker.deps, sleep }, lane, {
    network: fakeNetwork({ publish: async () => accepted('9') }),
    clock: anchorClock(START, 0, worker.deps.monotonic),
    claimId: 'claim',
    claimNumber: 1,
    advance: async ({ result, go, done }) => {
      if (result) steps.push(`${result.post_id} ${result.outcome}`)
      if (done) steps.push(done.is_skipped ? 'skipped' : 'given back')
      return go
        ? { attempt: attemptOf({ post_id: go.post_id }), lease: { leftMs: () => 30_000 } }
        : null
    },
    turnstile: (work) => work(),
    spend: () => {},
  })
  return { worker, run, steps }
}

test('a lane that waits for an instant is given back at once', async () => {
  const { worker, run, steps } = await laneDueAt(4_000)
  worker.announceEnd()
  await run
  expect(steps).toEqual(['given back'])
})

test('a lane whose post is out reports it and sends no other', async () => {
  const { worker, run, steps } = await laneDueAt(0, 4_000, 4_500)
  await vi.waitFor(() => expect(steps).toEqual(['0 accepted']))
  worker.announceEnd()
  await run
  expect(steps).toEqual(['0 accepted', 'given back'])
})

test('a deliverer claims nothing, and rings its successor', async () => {
  const worker = deliveryWorker(async () => new Response('ok'))
  worker.queue.push({ url: 'https://a.example/', id: '1' })
  worker.deps.ending = AbortSignal.abort()
  await worker.run()
  expect(worker.calls).not.toContain('claim_deliveries')
  expect(worker.calls).toContain('ring_deliver')
})

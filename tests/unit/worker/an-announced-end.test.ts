import { expect, test, vi } from 'vitest'
import { accessToken } from '../../../shared/accounts/access-token.ts'
import type { Lane } from '../../../shared/publishing/batches.ts'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'
import { type LaneTools, runLane } from '../../../shared/publishing/run-lane.ts'
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
  expect(result.block_account_until).toBeUndefined()
})

/** A lane whose posts are due at these times after the start, in a worker that sleeps until it is told of its end. */
const laneDueAt = async (times: number[], tokenLifeMs?: number) => {
  const worker = fakeWorker()
  const sleep = vi.fn(
    (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      ),
  )
  const jobs = times.map((ms, index) => ({
    post_id: `${index}`,
    position: 0,
    run_at: after(ms).toISOString(),
  }))
  const lane: Lane = { ...(await tokenHolder(tokenLifeMs)), x_app_id: 'app', jobs }
  const steps: string[] = []
  const tools: LaneTools = {
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
  }
  const run = () => runLane({ ...worker.deps, sleep }, lane, tools)
  return { worker, run, steps, isAsleep: () => vi.waitFor(() => expect(sleep).toHaveBeenCalled()) }
}

test('a lane that waits for an instant is given back at once', async () => {
  const { worker, run, steps, isAsleep } = await laneDueAt([4_000])
  const running = run()
  await isAsleep()
  worker.announceEnd()
  await running
  expect(steps).toEqual(['given back'])
})

test('a lane whose post is out reports it and sends no other', async () => {
  const { worker, run, steps, isAsleep } = await laneDueAt([0, 4_000, 4_500])
  const running = run()
  await isAsleep()
  worker.announceEnd()
  await running
  expect(steps).toEqual(['0 accepted', 'given back'])
})

test('a lane that was claimed just before is given back, and its token is not refreshed', async () => {
  const { worker, run, steps } = await laneDueAt([0], 60_000)
  worker.announceEnd()
  await run()
  expect(steps).toEqual(['given back'])
  expect(worker.calls).toEqual([])
})

test.each([
  ['that ends soon is used as it is', 60_000, false, 'token'],
  ['that is about to end waits for the successor', 20_000, false, 'later'],
  ['that X rejected waits for the successor', 7_200_000, true, 'later'],
])('a token %s, and not refreshed', async (_, lifeMs, rejected, kind) => {
  const worker = fakeWorker()
  worker.announceEnd()
  const holder = await tokenHolder(lifeMs)
  const token = await accessToken(worker.deps, fakeNetwork({}), holder, rejected)
  expect(token.kind).toBe(kind)
  expect(worker.calls).toEqual([])
})

test('a publisher whose posts are still out rings its successor at once', async () => {
  const lane = { ...(await tokenHolder()), x_app_id: 'app' }
  const jobs = [{ post_id: 'post', position: 0, run_at: START.toISOString() }]
  const lanes = [[{ ...lane, jobs }]]
  const worker = fakeWorker({
    claim_jobs: () => ({ now: START, lease_ms: 15_000, lanes: lanes.shift() ?? [] }),
    advance: () => ({ now: START, lease_ms: 30_000, attempts: [attemptOf()] }),
    leave_worker: () => 1,
  })
  // Only the wait for the batch ends by itself.
  const sleep = (ms: number) => (ms < 100 ? Promise.resolve() : new Promise<void>(() => {}))
  const publish = vi.fn(() => new Promise<never>(() => {}))
  const isolate = { startedAt: 0, cpuMs: 0, planned: 0 }
  void runWorker({ ...worker.deps, sleep }, fakeNetwork({ publish }), isolate)
  await vi.waitFor(() => expect(publish).toHaveBeenCalled())
  expect(worker.callsOf('ring_publish')).toHaveLength(0)

  worker.announceEnd()

  await vi.waitFor(() => expect(worker.callsOf('ring_publish')).toHaveLength(1))
})

test('a deliverer claims nothing, and rings its successor', async () => {
  const worker = deliveryWorker(async () => new Response('ok'))
  worker.queue.push({ url: 'https://a.example/', id: '1' })
  worker.deps.ending = AbortSignal.abort()
  await worker.run()
  expect(worker.calls).not.toContain('claim_deliveries')
  expect(worker.calls).toContain('ring_deliver')
})

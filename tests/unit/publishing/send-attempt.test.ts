import { expect, test, vi } from 'vitest'
import type { Network } from '../../../shared/networks/network.ts'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'
import { SEND_TIMEOUT_MS, sendAttempt } from '../../../shared/publishing/send-attempt.ts'
import { startLease } from '../../../shared/worker/lease.ts'
import {
  accepted,
  after,
  attemptOf,
  failure,
  fakeWorker,
  START,
} from '../../helpers/fake-worker.ts'

const GO_LEASE_MS = 30_000

const send = async (
  publish: Network['publish'],
  { runAt = START, leaseMs = GO_LEASE_MS, elapsed = 0, attempt = attemptOf() } = {},
) => {
  const worker = fakeWorker()
  const clock = anchorClock(START, 0, worker.deps.monotonic)
  const lease = startLease(worker.deps)(leaseMs)
  worker.advance(elapsed)
  const sent = await sendAttempt(worker.deps, {
    network: { publish },
    accessToken: 'token',
    attempt,
    runAt,
    clock,
    lease,
    turnstile: (work) => work(),
  })
  return { ...sent, elapsed: worker.deps.monotonic() }
}

test('POSTs exactly once, with the text and the parent of its attempt', async () => {
  const publish = vi.fn(async () => accepted('9'))

  const { result } = await send(publish, { attempt: attemptOf({ text: 'two', reply_to: '8' }) })

  expect(publish.mock.calls).toEqual([
    ['token', { text: 'two', replyTo: '8' }, { signal: expect.any(AbortSignal) }],
  ])
  expect(result).toMatchObject({ outcome: 'accepted', remote_id: '9' })
})

test.each(['refused', 'unknown', 'not_sent', 'reauth', 'app_blocked'] as const)(
  'never POSTs a second time after a %s answer',
  async (kind) => {
    const publish = vi.fn(async () => failure(kind))
    await send(publish)
    expect(publish).toHaveBeenCalledTimes(1)
  },
)

test('waits for the instant, and is not a fraction of a millisecond early', async () => {
  let sentAfter = 0
  const runAt = after(1_500)
  const worker = fakeWorker()
  const clock = anchorClock(new Date(START.getTime()), 0.4, worker.deps.monotonic)
  worker.advance(0.4)

  await sendAttempt(worker.deps, {
    network: {
      publish: async () => {
        sentAfter = clock.untilMs(runAt)
        return accepted('1')
      },
    },
    accessToken: 'token',
    attempt: attemptOf(),
    runAt,
    clock,
    lease: { leftMs: () => GO_LEASE_MS },
    turnstile: (work) => work(),
  })

  expect(sentAfter).toBeLessThanOrEqual(0)
  expect(sentAfter).toBeGreaterThan(-1)
})

test('never POSTs when the lease is shorter than the longest request and its margin', async () => {
  const publish = vi.fn(async () => accepted('1'))
  const leaseMs = SEND_TIMEOUT_MS + 2_000 - 1

  const { result } = await send(publish, { leaseMs })

  expect(publish).not.toHaveBeenCalled()
  expect(result).toMatchObject({ outcome: 'retry', error: { slug: 'lease-too-short' } })
  await send(publish, { leaseMs: leaseMs + 1 })
  expect(publish).toHaveBeenCalledTimes(1)
})

test('a worker that was frozen between Go and POST wakes up and sends nothing', async () => {
  const publish = vi.fn(async () => accepted('1'))

  const { result } = await send(publish, { elapsed: 600_000 })

  expect(publish).not.toHaveBeenCalled()
  expect(result.outcome).toBe('retry')
})

test('sends nothing when the wait for the instant used up the lease', async () => {
  const publish = vi.fn(async () => accepted('1'))
  await send(publish, { runAt: after(9_000) })
  expect(publish).not.toHaveBeenCalled()
})

test('tells a rejected token apart, because its account needs a fresh one', async () => {
  expect((await send(async () => failure('reauth'))).tokenRejected).toBe(true)
  expect((await send(async () => accepted('1'))).tokenRejected).toBe(false)
})

test("reports when it left by the database's clock", async () => {
  const { result } = await send(async () => accepted('1'), { runAt: after(700) })
  expect(result.sent_at).toBe(after(700).toISOString())
})

test('what waited for its turn until the lease was too short is not sent', async () => {
  const publish = vi.fn(async () => accepted('9'))
  const worker = fakeWorker()

  const { result } = await sendAttempt(worker.deps, {
    network: { publish },
    accessToken: 'token',
    attempt: attemptOf(),
    runAt: START,
    clock: anchorClock(START, 0, worker.deps.monotonic),
    lease: startLease(worker.deps)(GO_LEASE_MS),
    turnstile: (work) => {
      worker.advance(9_000)
      return work()
    },
  })

  expect(publish).not.toHaveBeenCalled()
  expect(result).toMatchObject({ outcome: 'retry', error: { slug: 'lease-too-short' } })
})

test('a post never goes without a medium it shows', async () => {
  const publish = vi.fn(async () => accepted('9'))
  const { result } = await send(publish, { attempt: attemptOf({ media: ['1', null] }) })
  expect(publish).not.toHaveBeenCalled()
  expect(result).toMatchObject({ outcome: 'retry', error: { slug: 'media-missing' } })
})

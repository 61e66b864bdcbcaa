import { expect, test } from 'vitest'
import { startLease } from '../../../shared/worker/lease.ts'

const clocks = () => {
  const at = { monotonic: 5_000, wall: 1_000_000 }
  return { at, deps: { monotonic: () => at.monotonic, now: () => new Date(at.wall) } }
}

test('counts from before it was asked for, not from when it was granted', () => {
  const { at, deps } = clocks()
  const leaseOf = startLease(deps)
  at.monotonic += 2_000
  at.wall += 2_000

  expect(leaseOf(30_000).leftMs()).toBe(28_000)
})

test('ends for a machine that was suspended, though its monotonic clock stood still', () => {
  const { at, deps } = clocks()
  const lease = startLease(deps)(30_000)
  at.wall += 600_000

  expect(lease.leftMs()).toBeLessThan(0)
})

test('is not made longer by a wall clock that is set back', () => {
  const { at, deps } = clocks()
  const lease = startLease(deps)(30_000)
  at.monotonic += 29_000
  at.wall -= 3_600_000

  expect(lease.leftMs()).toBe(1_000)
})

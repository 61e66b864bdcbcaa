import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planLane, plannedCpuMs, shareOf } from '../../../shared/publishing/cpu-plan.ts'

const ONE_ATTEMPT = plannedCpuMs({ startedAt: 0, cpuMs: 0, planned: 1 })

const isolate = (cpuMs = 0, planned = 0) => ({ startedAt: 0, cpuMs, planned })

test('a fresh isolate takes what half of its CPU is good for', () => {
  expect(shareOf(isolate(), 500, true)).toEqual({ lanes: 500, perLane: 4, aheadMs: 5_000 })
})

test('an isolate never plans past half of its CPU, but for what a ring lets it count on', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 3_000, noNaN: true }),
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.boolean(),
      (cpuMs, planned, room, isFirst) => {
        const before = isolate(cpuMs, planned)
        const { lanes, perLane } = shareOf(before, room, isFirst)
        expect(lanes).toBeGreaterThanOrEqual(1)
        expect(lanes).toBeLessThanOrEqual(room)
        const after = plannedCpuMs(isolate(cpuMs, planned + lanes * perLane))
        const allowed = Math.max(1_000, plannedCpuMs(before) + (isFirst ? 150 : 0))
        // One lane at least is claimed.
        expect(after).toBeLessThanOrEqual(allowed + ONE_ATTEMPT + 1e-6)
      },
    ),
  )
})

test('what a lane did not send is planned no more, what it sent is spent', () => {
  const one = isolate()
  const { spend, finish } = planLane(one, 5)
  expect(plannedCpuMs(one)).toBeCloseTo(2.5)
  spend()
  spend()
  expect(one).toMatchObject({ planned: 3, cpuMs: 1 })
  finish()
  expect(one).toMatchObject({ planned: 0, cpuMs: 1 })
})

test('further segments of a thread are spent too', () => {
  const one = isolate()
  const { spend, finish } = planLane(one, 1)
  for (let segment = 0; segment < 3; segment += 1) spend()
  finish()
  expect(one.planned).toBe(0)
  expect(one.cpuMs).toBeCloseTo(1.5)
})

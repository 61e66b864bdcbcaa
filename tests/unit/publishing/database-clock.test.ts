import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'

const instant = fc.integer({ min: 0, max: 4_102_444_800_000 })
const span = fc.integer({ min: 0, max: 600_000 })

test('is never ahead of the database, however long the answer took to arrive', () => {
  fc.assert(
    fc.property(instant, span, span, (answeredAt, transit, since) => {
      let monotonic = 1_000 + transit
      const clock = anchorClock(new Date(answeredAt), monotonic, () => monotonic)
      monotonic += since

      const truth = answeredAt + transit + since
      expect(clock.now().getTime()).toBeLessThanOrEqual(truth)
      expect(truth - clock.now().getTime()).toBe(transit)
    }),
  )
})

test('tells how long to wait, and how late it is', () => {
  let monotonic = 5_000
  const clock = anchorClock(new Date(100_000), monotonic, () => monotonic)

  expect(clock.untilMs(new Date(102_000))).toBe(2_000)
  monotonic += 3_000
  expect(clock.untilMs(new Date(102_000))).toBe(-1_000)
})

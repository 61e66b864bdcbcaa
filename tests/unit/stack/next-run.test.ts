import { expect, test } from 'vitest'
import { nextRun } from '../../../scripts/stack/cron/schedule.ts'

const after = new Date('2026-02-27T10:07:30Z')

test.each([
  ['10 seconds', '2026-02-27T10:07:40.000Z'],
  ['1 second', '2026-02-27T10:07:31.000Z'],
  ['* * * * *', '2026-02-27T10:08:00.000Z'],
  ['*/5 * * * *', '2026-02-27T10:10:00.000Z'],
  ['0 3 $ * *', '2026-02-28T03:00:00.000Z'],
  ['15 4 * * sun', '2026-03-01T04:15:00.000Z'],
  ['15 4 * * 7', '2026-03-01T04:15:00.000Z'],
  ['0 0 1 jan *', '2027-01-01T00:00:00.000Z'],
  ['0 12 1 * mon', '2026-03-01T12:00:00.000Z'],
  ['@hourly', '2026-02-27T11:00:00.000Z'],
  ['@monthly', '2026-03-01T00:00:00.000Z'],
])('%s runs next at %s, in UTC', (schedule, expected) => {
  expect(nextRun(schedule, after)?.toISOString()).toBe(expected)
})

test('a day that never comes has no next run', () => {
  expect(nextRun('0 0 31 2 *', after)).toBeNull()
})

import { expect, test } from 'vitest'
import { withTx } from '../../helpers/database.ts'

const HOUR = 3600
const DAY = 24 * HOUR

const CASES: [age: number, unchanged: number, next: number | null][] = [
  [0, 0, 10],
  [10, 0, 60],
  [60, 0, 300],
  [HOUR, 0, 2 * HOUR],
  [6 * HOUR, 0, 9 * HOUR],
  [24 * HOUR, 0, 36 * HOUR],
  [72 * HOUR, 0, 4 * DAY],
  [7 * DAY, 0, 14 * DAY],
  [28 * DAY, 0, 29 * DAY],
  [29 * DAY, 0, null],
  [400 * DAY, 0, null],
  // A segment nobody looks at is read more rarely, and its last reading is never skipped.
  [HOUR, 1, 2 * HOUR],
  [HOUR, 2, 3 * HOUR],
  [HOUR, 100, 5 * HOUR],
  [14 * DAY, 100, 29 * DAY],
]

test.each(CASES)(
  'a segment %d s old with %d unchanged readings is next read at %s s',
  (age, unchanged, next) =>
    withTx(async (tx) => {
      const { rows } = await tx.query(
        `select extract(epoch from private.next_collection(
         '2026-03-01Z', '2026-03-01Z'::timestamptz + make_interval(secs => $1), $2
       ) - '2026-03-01Z')::int as next`,
        [age, unchanged],
      )
      expect(rows).toEqual([{ next }])
    }),
)

test('is the same in every time zone, over a change of clocks too', () =>
  withTx(async (tx) => {
    const ask = `select private.next_collection('2026-03-28 12:00Z', '2026-04-01 12:00Z', 0) as next`
    await tx.query(`set local timezone = 'Europe/Berlin'`)
    const { rows } = await tx.query(ask)
    expect(rows).toEqual([{ next: new Date('2026-04-02T12:00:00Z') }])
  }))

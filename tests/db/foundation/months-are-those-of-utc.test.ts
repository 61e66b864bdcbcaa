import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'

const ZONES = ['UTC', 'America/New_York', 'Asia/Tokyo', 'Pacific/Kiritimati', 'America/St_Johns']

const monthFloor = async (tx: Tx, at: string, ahead: number) => {
  const { rows } = await tx.query<{ month: Date }>('select private.month_floor($1, $2) as month', [
    at,
    ahead,
  ])
  return rows[0]?.month.toISOString()
}

test.each(ZONES)('a month starts at midnight UTC in a session of %s', (zone) =>
  withTx(async (tx) => {
    await tx.query(`select set_config('timezone', $1, true)`, [zone])
    expect(await monthFloor(tx, '2026-11-30T23:59:59.999999Z', 0)).toBe('2026-11-01T00:00:00.000Z')
    expect(await monthFloor(tx, '2026-12-01T00:00:00Z', 0)).toBe('2026-12-01T00:00:00.000Z')
    expect(await monthFloor(tx, '2027-03-01T00:00:00Z', 1)).toBe('2027-04-01T00:00:00.000Z')
    expect(await monthFloor(tx, '2026-12-31T23:00:00Z', 2)).toBe('2027-02-01T00:00:00.000Z')
  }),
)

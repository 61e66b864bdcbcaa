import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'

const NOW = '2031-01-15T12:00:00Z'

const maintain = async (tx: Tx, now = NOW) => {
  await tx.query('select private.maintain_partitions($1)', [now])
  const { rows } = await tx.query<{ subject: string; detail: string; raised_at: Date }>(
    `select subject, detail, raised_at from private.alerts where kind = 'partition-horizon'`,
  )
  return rows
}

/** A table that has taken the name of a leaf: the leaf cannot be made. */
const block = (tx: Tx, leaf: string) => tx.query(`create table private.${leaf} (id int)`)

test('is silent while leaves reach two months ahead', () =>
  withTx(async (tx) => {
    expect(await maintain(tx)).toEqual([])
  }))

test('is raised when fewer than two months are left, and names the table', () =>
  withTx(async (tx) => {
    await block(tx, 'events_2031_03')

    const alerts = await maintain(tx)

    expect(alerts).toMatchObject([{ subject: 'public.events' }])
    expect(alerts[0]?.detail).toContain('2031-03-01')
  }))

test('is raised for a gap, even when later months are there', () =>
  withTx(async (tx) => {
    await block(tx, 'events_2031_02')

    expect(await maintain(tx)).toMatchObject([{ subject: 'public.events' }])

    const { rows } = await tx.query(`select to_regclass('private.events_2031_03') as later`)
    expect(rows[0]?.later).not.toBeNull()
  }))

test('is raised when leaves cannot be made at all', () =>
  withTx(async (tx) => {
    await tx.query(`insert into private.partition_policies (parent) values ('public.users')`)

    expect(await maintain(tx)).toContainEqual(expect.objectContaining({ subject: 'public.events' }))
  }))

test('says since when, however often it is seen, and goes with its cause', () =>
  withTx(async (tx) => {
    await block(tx, 'events_2031_02')
    await maintain(tx)

    const again = await maintain(tx, '2031-01-15T13:00:00Z')
    await tx.query('drop table private.events_2031_02')
    const repaired = await maintain(tx, '2031-01-15T14:00:00Z')

    expect(again[0]?.raised_at.toISOString()).toBe('2031-01-15T12:00:00.000Z')
    expect(repaired).toEqual([])
  }))

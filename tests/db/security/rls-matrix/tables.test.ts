import { DatabaseError } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { connect, disconnect, type Tx, withTx } from '../../../helpers/database.ts'
import { seedTwoWorkspaces, type TwoWorkspaces } from '../../../helpers/two-workspaces.ts'
import { become, CALLERS, type Caller, type Row } from './callers.ts'
import { type TableRow, tableMatrix } from './table-matrix.ts'

/**
 * Not the refusal of a policy, which has the same code: what nobody may do, nobody holds a right to.
 * A view of several tables cannot be written at all.
 */
const NO_RIGHT = /^permission denied|^cannot (insert into|update|delete from) view/

let seed: TwoWorkspaces

beforeAll(async () => {
  const client = await connect()
  seed = await seedTwoWorkspaces(client)
  await disconnect(client)
})

const relations = async (tx: Tx, isLeaf: boolean): Promise<string[]> =>
  (
    await tx.query<{ name: string }>(
      `select n.nspname || '.' || c.relname as name
       from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private', 'service')
         and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relispartition = $1`,
      [isLeaf],
    )
  ).rows.map(({ name }) => name)

/** Whose rows are in `keys`, in the words of the matrix. */
const describeKeys = (keys: string[], caller: Caller): string => {
  const people = Object.values(seed.people).map(({ id }) => id)
  if (keys.length === 1 && keys[0] === seed.people[caller as keyof typeof seed.people]?.id) {
    return 'own'
  }
  if (keys.length === people.length && people.every((id) => keys.includes(id))) return 'everybody'
  const [seesA, seesB] = [keys.includes(seed.a.workspace), keys.includes(seed.b.workspace)]
  if (seesA && seesB) return 'both'
  return (seesA && 'A') || (seesB && 'B') || `rows of ${keys.join(', ') || 'nobody'}`
}

const attempt = async (tx: Tx, sql: string): Promise<string[] | string> => {
  await tx.query('savepoint attempt')
  try {
    return (await tx.query<{ key: string }>(sql)).rows.map(({ key }) => key)
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    return NO_RIGHT.test(error.message) ? 'denied' : `allowed, then ${error.message}`
  } finally {
    await tx.query('rollback to savepoint attempt')
  }
}

/** What each caller may do, by one statement of each kind. Rights are asked for before any row is. */
async function observe(tx: Tx, table: string, { whose }: TableRow) {
  const { rows } = await tx.query<{ attname: string }>(
    `select attname from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and attidentity = '' and not attisdropped
     order by attnum limit 1`,
    [table],
  )
  const column = rows[0]?.attname
  const seen = { select: {} as Row, insert: {} as Row, update: {} as Row, delete: {} as Row }
  for (const caller of CALLERS) {
    await become(tx, caller, seed)
    const read = await attempt(tx, `select distinct ${whose}::text as key from ${table}`)
    seen.select[caller] = typeof read === 'string' ? read : describeKeys(read, caller)
    for (const [command, sql] of [
      ['insert', `insert into ${table} overriding system value select * from ${table} where false`],
      ['update', `update ${table} set ${column} = ${column} where false`],
      ['delete', `delete from ${table} where false`],
    ] as const) {
      const written = await attempt(tx, sql)
      seen[command][caller] = typeof written === 'string' ? written : 'allowed'
    }
  }
  return seen
}

test('the matrix names every table and view, and none that is gone', () =>
  withTx(async (tx) => {
    expect((await relations(tx, false)).sort()).toEqual(Object.keys(tableMatrix).sort())
  }))

describe.each(Object.entries(tableMatrix))('%s', (table, { whose, ...expected }) => {
  test('is read by whom it belongs to, and written by nobody directly', () =>
    withTx(async (tx) => {
      expect(await observe(tx, table, { whose, ...expected })).toEqual(expected)
    }))
})

test('no leaf of a partitioned table can be reached past its parent', () =>
  withTx(async (tx) => {
    const leaves = await relations(tx, true)
    expect(leaves.length).toBeGreaterThan(0)
    for (const leaf of leaves) {
      for (const caller of CALLERS) {
        await become(tx, caller, seed)
        const read = await attempt(tx, `select null as key from ${leaf} limit 1`)
        expect(`${caller} reads ${leaf}: ${read}`).toBe(`${caller} reads ${leaf}: denied`)
      }
      await tx.query('reset role')
    }
  }))

test('the matrix would notice a row, a write and a table that are open to too many', () =>
  withTx(async (tx) => {
    await tx.query(`
      alter policy "members can read their workspace's posts" on public.posts using (true);
      grant insert on public.posts to authenticated;
      grant select on private.x_apps to anon;
      grant usage on schema private to anon`)
    const posts = await observe(tx, 'public.posts', tableMatrix['public.posts'] as TableRow)
    await tx.query('reset role')
    const apps = await observe(tx, 'private.x_apps', tableMatrix['private.x_apps'] as TableRow)

    expect(posts.select.stranger).toBe('both')
    expect(posts.insert.viewer).toBe('allowed')
    expect(apps.select.anon).toBe('rows of nobody')
  }))

import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const createAhead = async (tx: Tx, now: string) =>
  (await tx.query<{ made: number }>('select private.create_leaves_ahead($1) as made', [now]))
    .rows[0]?.made

const createLeaf = async (tx: Tx, parent: string, month: string) =>
  (await tx.query<{ made: boolean }>('select private.create_leaf($1, $2) as made', [parent, month]))
    .rows[0]?.made

const leafNames = async (tx: Tx, pattern: string) =>
  (
    await tx.query<{ relname: string }>(
      `select relname from pg_class
       where relispartition and relkind = 'r' and relname like $1 order by relname`,
      [pattern],
    )
  ).rows.map(({ relname }) => relname)

test('leaves are made from this month to three ahead, and a second run makes none', () =>
  withTx(async (tx) => {
    const { rows } = await tx.query('select from private.partition_policies')

    expect(await createAhead(tx, '2031-01-31T23:59:59Z')).toBe(rows.length * 4)
    expect(await createAhead(tx, '2031-01-31T23:59:59Z')).toBe(0)

    expect(await leafNames(tx, 'posts_2031%')).toEqual([
      'posts_2031_01',
      'posts_2031_02',
      'posts_2031_03',
      'posts_2031_04',
    ])
  }))

test.each(['America/New_York', 'Pacific/Kiritimati'])(
  'a session of %s makes the same months',
  (zone) =>
    withTx(async (tx) => {
      await tx.query(`select set_config('timezone', $1, true)`, [zone])
      await createAhead(tx, '2031-03-01T00:00:00Z')
      expect(await leafNames(tx, 'events_2031%')).toEqual([
        'events_2031_03',
        'events_2031_04',
        'events_2031_05',
        'events_2031_06',
      ])
    }),
)

test('a leaf of a far month takes the rows of that month, and of no other', () =>
  withTx(async (tx) => {
    await createLeaf(tx, 'public.events', '2040-12-15T12:00:00Z')
    const insert = `insert into public.events (id, workspace_id, type, subject_type, subject_id)
      values (private.uuid_v7($1), gen_random_uuid(), 'post.created', 'post', gen_random_uuid())
      returning tableoid::regclass::text as leaf`

    const first = await tx.query(insert, ['2040-12-01T00:00:00Z'])
    const last = await tx.query(insert, ['2040-12-31T23:59:59.999999Z'])

    expect([...first.rows, ...last.rows]).toEqual([
      { leaf: 'private.events_2040_12' },
      { leaf: 'private.events_2040_12' },
    ])
    expect((await refusalOf(tx, insert, ['2041-01-01T00:00:00Z'])).code).toBe('23514')
    expect((await refusalOf(tx, insert, ['2040-11-30T23:59:59.999Z'])).code).toBe('23514')
  }))

test('a leaf that belongs to another needs that leaf first, and refers to it', () =>
  withTx(async (tx) => {
    const orphan = await refusalOf(
      tx,
      `select private.create_leaf('public.post_segments', '2040-12-15')`,
    )
    expect(orphan.code).toBe('42P01')

    expect(await createLeaf(tx, 'public.posts', '2040-12-15')).toBe(true)
    expect(await createLeaf(tx, 'public.post_segments', '2040-12-15')).toBe(true)

    const { rows } = await tx.query(
      `select confrelid::regclass::text as owner, confdeltype from pg_constraint
       where conrelid = 'private.post_segments_2040_12'::regclass and contype = 'f'`,
    )
    expect(rows).toEqual([{ owner: 'private.posts_2040_12', confdeltype: 'c' }])
  }))

test('a leaf has the checks, the indexes and the transition trigger of its parent', () =>
  withTx(async (tx) => {
    await createLeaf(tx, 'public.posts', '2040-12-15')
    const { rows } = await tx.query<{ own: string; of_parent: string }>(
      `select
         (select count(*) from pg_index where indrelid = leaf) || ' ' ||
         (select count(*) from pg_constraint where conrelid = leaf and contype = 'c') || ' ' ||
         (select count(*) from pg_trigger where tgrelid = leaf and not tgisinternal) as own,
         (select count(*) from pg_index where indrelid = parent) || ' ' ||
         (select count(*) from pg_constraint where conrelid = parent and contype = 'c') || ' ' ||
         (select count(*) from pg_trigger where tgrelid = parent and not tgisinternal) as of_parent
       from (values ('private.posts_2040_12'::regclass, 'public.posts'::regclass)) as t (leaf, parent)`,
    )
    expect(rows[0]?.own).toBe(rows[0]?.of_parent)
  }))

test('a segment cannot be written without its post, and goes with it', () =>
  withTx(async (tx) => {
    const segment = `insert into public.post_segments (post_id, position, workspace_id, text)
      values ($1, 0, gen_random_uuid(), 'text')`
    const { rows } = await tx.query<{ id: string }>(
      `insert into public.posts (workspace_id, account_id, content)
       values (gen_random_uuid(), gen_random_uuid(), 'text') returning id`,
    )
    const { rows: absent } = await tx.query<{ id: string }>('select private.uuid_v7() as id')

    expect((await refusalOf(tx, segment, [absent[0]?.id])).code).toBe('23503')
    await tx.query(segment, [rows[0]?.id])
    await tx.query('delete from public.posts where id = $1', [rows[0]?.id])

    const left = await tx.query('select from public.post_segments where post_id = $1', [
      rows[0]?.id,
    ])
    expect(left.rowCount).toBe(0)
  }))

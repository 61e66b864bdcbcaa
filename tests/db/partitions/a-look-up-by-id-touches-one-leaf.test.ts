import { expect, test } from 'vitest'
import { asUser, signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount, schedulePost } from '../../helpers/publishing.ts'

type Plan = { 'Relation Name'?: string; 'Actual Loops'?: number; Plans?: Plan[] }

/** Leaves a statement really reads. */
async function leavesOf(tx: Tx, sql: string, values: unknown[]): Promise<string[]> {
  const { rows } = await tx.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `explain (analyze, format json, costs off, timing off) ${sql}`,
    values,
  )
  const read = ({ Plans = [], ...plan }: Plan): string[] => [
    ...(plan['Relation Name'] && plan['Actual Loops'] ? [plan['Relation Name']] : []),
    ...Plans.flatMap(read),
  ]
  const [explained] = rows[0]?.['QUERY PLAN'] ?? []
  return explained ? read(explained.Plan).filter((name) => /_\d{4}_\d{2}$/.test(name)) : []
}

const byId = [
  'select * from public.posts where id = $1',
  'select * from public.post_segments where post_id = $1',
  'select * from public.publish_attempts where post_id = $1',
  'select * from public.post_analytics where post_id = $1',
  'select * from public.post_stats where post_id = $1',
  'select * from public.events where id = $1',
  'select * from public.webhook_deliveries where id = $1',
  'select * from public.webhook_attempts where delivery_id = $1',
  // The id is known only when the statement runs.
  'select * from public.posts where id = (select $1::uuid)',
  // Not "= any (array)": of an array that is no constant PostgreSQL prunes nothing.
  'select posts.* from unnest(array[$1::uuid]) as ids (id) join public.posts using (id)',
]

test.each(byId)('%s', (sql) =>
  withTx(async (tx) => {
    const person = await signUp(tx)
    const post = await schedulePost(tx, await connectAccount(tx, person))
    await tx.query('set local plan_cache_mode = force_generic_plan')
    await tx.query('set local enable_hashjoin = off')
    await asUser(tx, person.id)

    const leaves = await leavesOf(tx, sql, [post])

    expect(leaves).toHaveLength(1)
  }),
)

test('the leaf is the one of the month the id was made in', () =>
  withTx(async (tx) => {
    await tx.query(`select private.create_leaf('public.posts', '2040-12-15')`)
    const { rows } = await tx.query<{ id: string }>(
      `insert into public.posts (id, workspace_id, account_id, content)
       values (private.uuid_v7('2040-12-15'), gen_random_uuid(), gen_random_uuid(), 'text')
       returning id`,
    )
    expect(await leavesOf(tx, byId[0] ?? '', [rows[0]?.id])).toEqual(['posts_2040_12'])
  }))

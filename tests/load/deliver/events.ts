import type pg from 'pg'
import { until } from '../../helpers/until.ts'

/** Writes `count` events as publishing writes them, in one statement, the workspaces taking turns. */
export const emit = (sql: pg.ClientBase, workspaceIds: string[], count: number) =>
  sql.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id, data)
     select
       ($1::uuid[])[1 + number % cardinality($1::uuid[])], 'post.published', 'post', post_id,
       jsonb_build_object(
         'post_id', post_id, 'account_id', account_id, 'status', 'published', 'version', 3,
         'scheduled_at', now(), 'published_at', now(), 'remote_ids', jsonb_build_array(number::text)
       )
     from generate_series(0, $2::int - 1) as number
     cross join lateral (
       select
         gen_random_uuid() as post_id,
         -- Another one for each row.
         case when number >= 0 then gen_random_uuid() end as account_id
     ) as ids`,
    [workspaceIds, count],
  )

const GIVE_UP_MS = 600_000

/** Resolves once every event is stamped and no delivery waits any more, but for those of one endpoint. */
export const whenDelivered = async (
  sql: pg.ClientBase,
  exceptEndpoint: string | null = null,
): Promise<number> => {
  await until(
    'every delivery is settled',
    async () => {
      const { rows } = await sql.query<{ open: boolean }>(
        `select exists (select from public.events where sequence is null) or exists (
           select from private.delivery_jobs where endpoint_id is distinct from $1
         ) as open`,
        [exceptEndpoint],
      )
      return rows[0]?.open === false
    },
    GIVE_UP_MS,
  )
  return performance.now()
}

/** What autovacuum and the checkpointer would have done between one burst and the next. */
export const tidy = async (sql: pg.ClientBase): Promise<void> => {
  await sql.query('vacuum analyze')
  await sql.query('checkpoint')
}

import type pg from 'pg'
import { poll } from '../../../scripts/stack/poll.ts'

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
/** Asking costs Postgres, too. */
const ASK_EVERY_MS = 100

/** How many events of these workspaces have their place in the log. */
export const countStamped = async (sql: pg.ClientBase, workspaceIds: string[]): Promise<number> => {
  const { rows } = await sql.query<{ count: string | null }>(
    'select sum(last_sequence) as count from private.event_sequences where workspace_id = any ($1)',
    [workspaceIds],
  )
  return Number(rows[0]?.count ?? 0)
}

/** Resolves when no delivery waits any more, but for those of one endpoint. */
export const whenNoneWaits = async (
  sql: pg.ClientBase,
  exceptEndpoint: string | null = null,
): Promise<void> => {
  const probe = async () => {
    const { rows } = await sql.query<{ waits: boolean }>(
      `select exists (
         select from private.delivery_jobs where endpoint_id is distinct from $1
       ) as waits`,
      [exceptEndpoint],
    )
    return rows[0]?.waits === false
  }
  const isDone = await poll(probe, { timeoutMs: GIVE_UP_MS, everyMs: ASK_EVERY_MS })
  if (!isDone) throw new Error('deliveries are still waiting')
}

type Batch = { workspaceIds: string[]; count: number; exceptEndpoint?: string | null }

/** Writes events with `write` and resolves once all of them are stamped and none is waiting. */
export const untilDelivered = async (
  sql: pg.ClientBase,
  { workspaceIds, count, exceptEndpoint }: Batch,
  write: () => Promise<unknown>,
): Promise<void> => {
  const expected = (await countStamped(sql, workspaceIds)) + count
  await write()
  const probe = async () => (await countStamped(sql, workspaceIds)) >= expected
  const isStamped = await poll(probe, { timeoutMs: GIVE_UP_MS, everyMs: ASK_EVERY_MS })
  if (!isStamped) throw new Error('events are still unstamped')
  await whenNoneWaits(sql, exceptEndpoint)
}

/** What autovacuum and the checkpointer would have done between one burst and the next. */
export const tidy = async (sql: pg.ClientBase): Promise<void> => {
  await sql.query('vacuum analyze')
  await sql.query('checkpoint')
}

import type pg from 'pg'
import type { LoadAccount } from './seed-accounts.ts'

/** `dueAt(index)` in milliseconds; `name` makes the texts of this batch unlike all others. */
type Batch = {
  name: string
  accounts: LoadAccount[]
  count: number
  dueAt: (index: number) => number
}

/**
 * Writes drafts as create_post does, all at once: posts, segments and their events. Post n belongs
 * to account n modulo their number. Returns how to schedule them.
 */
export const seedPosts = async (
  sql: pg.ClientBase,
  { name, accounts, count, dueAt }: Batch,
): Promise<{ schedule(): Promise<void> }> => {
  const { rows } = await sql.query<{ id: string }>(
    `with drafts as (
       insert into public.posts (workspace_id, account_id, user_id, content)
       select accounts.workspace_id, accounts.id, accounts.user_id,
         $1 || ' post ' || number || ' of many that are due at the same instant of the same morning'
       from generate_series(0, $2 - 1) as number
       join public.accounts on accounts.id = ($3::uuid[])[1 + number % cardinality($3::uuid[])]
       order by number
       returning *
     ), segments as (
       insert into public.post_segments (post_id, position, workspace_id, text, has_url)
       select id, 0, workspace_id, content, false from drafts
     ), events as (
       insert into public.events (workspace_id, type, subject_type, subject_id, actor_type, actor_id, data)
       select workspace_id, 'post.created', 'post', id, 'user', user_id, jsonb_build_object(
         'post_id', id, 'account_id', account_id, 'status', status, 'version', version
       )
       from drafts
     )
     select id from drafts order by id`,
    [name, count, accounts.map(({ id }) => id)],
  )
  const ids = rows.map(({ id }) => id)
  return {
    schedule: () =>
      schedule(
        sql,
        ids,
        ids.map((_, index) => new Date(dueAt(index))),
      ),
  }
}

/** As set_schedule does it, for many posts at once. */
const schedule = async (sql: pg.ClientBase, ids: string[], dues: Date[]) => {
  await sql.query(
    `with scheduled as (
       update public.posts
       set
         status = 'scheduled', scheduled_at = plan.due, version = posts.version + 1,
         updated_at = clock_timestamp()
       from unnest($1::uuid[], $2::timestamptz[]) as plan (id, due)
       where posts.id = plan.id
       returning posts.*
     )
     insert into public.events (workspace_id, type, subject_type, subject_id, actor_type, actor_id, data)
     select workspace_id, 'post.scheduled', 'post', id, 'user', user_id, jsonb_build_object(
       'post_id', id, 'account_id', account_id, 'status', status, 'version', version,
       'scheduled_at', scheduled_at
     )
     from scheduled`,
    [ids, dues],
  )
  await sql.query('select private.reserve_posts($1)', [ids])
  await sql.query('select private.enqueue_posts($1)', [ids])
}

import type { Client } from 'pg'

type Due = {
  count: number
  /** Seconds from now until the first is due, and over which they spread. */
  inSeconds: number
  overSeconds: number
  /** The first account that gets one; the others follow. */
  from: number
}

/** Scheduled posts, one an account in turn, with their segments, holds and jobs. */
export const seedQueue = async (
  sql: Client,
  { count, inSeconds, overSeconds, from }: Due,
): Promise<void> => {
  const { rows } = await sql.query<{ ids: string[] }>(
    `with accounts as (
       select id, workspace_id, user_id, row_number() over (order by id) - 1 as place,
         count(*) over () as total
       from public.accounts
     ), written as (
       insert into public.posts (workspace_id, account_id, user_id, content, status, scheduled_at)
       select accounts.workspace_id, accounts.id, accounts.user_id,
         'Post ' || n || ' that waits for its time, as long as most of them are', 'scheduled',
         now() + make_interval(secs => $2::float8 + $3::float8 * n / $1::int)
       from generate_series(0, $1::int - 1) as n
       join accounts on accounts.place = (n + $4::int) % accounts.total
       returning id, workspace_id, content
     ), segments as (
       insert into public.post_segments (post_id, position, workspace_id, text, has_url)
       select id, 0, workspace_id, content, false from written
     )
     select array_agg(id) as ids from written`,
    [count, inSeconds, overSeconds, from],
  )
  const ids = rows[0]?.ids ?? []
  await sql.query('select private.reserve_posts($1)', [ids])
  await sql.query('select private.enqueue_posts($1)', [ids])
}

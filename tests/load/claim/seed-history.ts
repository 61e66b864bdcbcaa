import type { Client } from 'pg'

const PARENTS = ['public.posts', 'public.post_segments', 'public.publish_attempts']

/** Accounts, numbered from 0. */
const ACCOUNTS = `(
  select id, workspace_id, user_id, row_number() over (order by id) - 1 as place, count(*) over () as total
  from public.accounts
)`

/**
 * `count` published posts with their segments and attempts in the leaf of the month `ago` months back.
 * Triggers and foreign keys are passed over: the rows come from one statement and agree.
 */
export const seedMonth = async (sql: Client, ago: number, count: number): Promise<void> => {
  const { rows } = await sql.query<{ month: string; suffix: string }>(
    `select month::text, to_char(month at time zone 'UTC', '_YYYY_MM') as suffix
     from private.month_floor(now(), $1) as month`,
    [-ago],
  )
  const { month, suffix } = rows[0] as { month: string; suffix: string }
  for (const parent of PARENTS)
    await sql.query('select private.create_leaf($1, $2)', [parent, month])
  await sql.query('set session_replication_role = replica')
  await sql.query(
    `insert into private.posts${suffix} (
       id, workspace_id, account_id, user_id, content, scheduled_at, published_at, status
     )
     select private.uuid_v7(at), accounts.workspace_id, accounts.id, accounts.user_id,
       'Post ' || n || ' of a month that is long gone, as long as most of them are', at, at, 'published'
     from generate_series(0, $2::int - 1) as n
     cross join lateral (select $1::timestamptz + n * interval '28 days' / $2::int as at) as moments
     join ${ACCOUNTS} as accounts on accounts.place = n % accounts.total`,
    [month, count],
  )
  await sql.query(
    `insert into private.post_segments${suffix} (
       post_id, position, workspace_id, text, status, remote_id, published_at
     )
     select id, 0, workspace_id, content, 'published', id::text, published_at
     from private.posts${suffix}`,
  )
  await sql.query(
    `insert into private.publish_attempts${suffix} (
       post_id, position, number, workspace_id, account_id, status, sending_at, sent_at, finished_at,
       remote_id, http_status
     )
     select id, 0, 1, workspace_id, account_id, 'accepted', published_at, published_at, published_at,
       id::text, 201
     from private.posts${suffix}`,
  )
  await sql.query('set session_replication_role = origin')
}

/** Two sessions, one for each core of the machine the figures are for. */
export const seedHistory = async (
  sessions: Client[],
  { posts, months }: { posts: number; months: number },
): Promise<void> => {
  const each = Math.ceil(posts / months)
  let next = 1
  const work = async (sql: Client) => {
    for (let ago = next++; ago <= months; ago = next++) await seedMonth(sql, ago, each)
  }
  await Promise.all(sessions.map(work))
}

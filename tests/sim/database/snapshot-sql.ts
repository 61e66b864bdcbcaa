import type { Snapshot } from './snapshot.ts'

const ms = (column: string) => `extract(epoch from ${column})::double precision * 1000`

const rows = (columns: Record<string, string>, from: string) =>
  `(select coalesce(json_agg(json_build_object(${Object.entries(columns)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(', ')})), '[]') from ${from})`

const PARTS: Record<keyof Snapshot, string> = {
  posts: rows(
    {
      id: 'id',
      account: 'account_id',
      status: 'status',
      due: ms('scheduled_at'),
      published: ms('published_at'),
      held: 'held_reason',
      slug: `failure ->> 'slug'`,
      late: 'late_policy',
      leaves: 'unpublish_requested_at is not null',
    },
    '(select * from public.posts order by id) as posts',
  ),
  segments: rows(
    { post: 'post_id', position: 'position', status: 'status', remote: 'remote_id', text: 'text' },
    '(select * from public.post_segments order by post_id, position) as segments',
  ),
  attempts: rows(
    {
      post: 'post_id',
      position: 'position',
      number: 'number',
      status: 'status',
      sending: ms('sending_at'),
      slug: `error ->> 'slug'`,
      remote: 'remote_id',
    },
    '(select * from public.publish_attempts order by post_id, position, number) as attempts',
  ),
  live: rows(
    {
      post: 'post_id',
      position: 'position',
      number: 'number',
      account: 'account_id',
      sending: ms('sending_at'),
      deadline: ms('deadline_at'),
      look: ms('next_look_at'),
      absent: 'absent_count',
    },
    '(select * from private.live_attempts order by post_id, position) as live',
  ),
  jobs: rows(
    {
      post: 'post_id',
      account: 'account_id',
      run: ms('run_at'),
      stale: ms('stale_at'),
      state: 'state',
      position: 'position',
      media: 'media_ready',
    },
    '(select * from private.publish_jobs order by post_id) as jobs',
  ),
  lanes: rows(
    {
      account: 'account_id',
      ready: ms('ready_at'),
      blocked: ms('blocked_until'),
      closed: 'closed_by',
      claim: 'claim_id',
      lease: ms('lease_expires_at'),
    },
    '(select * from private.account_lanes order by account_id) as lanes',
  ),
  accounts: rows(
    {
      id: 'accounts.id',
      status: 'accounts.status',
      version: 'tokens.version',
      expires: ms('tokens.expires_at'),
    },
    'public.accounts left join private.account_tokens as tokens on tokens.account_id = accounts.id',
  ),
  breaker: `(select ${ms('max(breaker_open_until)')} from private.x_apps)`,
  isWatched: '(select bool_or(watch_at is not null) from private.x_apps)',
  held: `(select held_since is not null or incarnation.system_identifier <> control.system_identifier
    from private.incarnation, pg_control_system() as control)`,
  events: `(select coalesce(json_object_agg(subject_id, types), '{}') from (
    select subject_id, json_object_agg(type, times) as types
    from (select subject_id, type, count(*) as times from public.events group by 1, 2) as counted
    group by 1) as subjects)`,
  alerts: `(select coalesce(json_agg(json_build_array(kind, subject, detail)), '[]') from private.alerts)`,
  owned: `(select coalesce(json_agg(json_build_array(remote_id, post_id, position)), '[]')
    from private.remote_posts)`,
  probe: '(select max(probe_account_id::text) from private.x_apps)',
  duties: `(select coalesce(json_agg(${ms('due.at')}), '[]') from (
    select next_try_at as at from private.token_revocations
    union all select next_try_at from private.removals
    union all select watch_at from private.x_apps
    union all select next_look_at from private.given_up_attempts
    ) as due where isfinite(due.at))`,
  paused: `(select coalesce(json_agg(id), '[]') from public.workspaces where paused_at is not null)`,
  suspended: `(select coalesce(json_agg(id), '[]') from public.workspaces where suspended_at is not null)`,
  rings: `(select count(*) from net.http_request_queue where url like '%/functions/v1/publish')`,
}

/** Everything the invariants read, as one statement. */
export const SNAPSHOT_SQL = `select json_build_object(${Object.entries(PARTS)
  .map(([name, sql]) => `'${name}', ${sql}`)
  .join(', ')}) as snapshot`

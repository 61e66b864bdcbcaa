/** How one part of a snapshot is read, and from which tables. */
export type Part = { reads: string[]; sql: string }

export const ms = (column: string) => `extract(epoch from ${column})::double precision * 1000`

export const rows = (columns: Record<string, string>, from: string) =>
  `(select coalesce(json_agg(json_build_object(${Object.entries(columns)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(', ')})), '[]') from ${from})`

const faults = (found: string) =>
  `(select coalesce(json_agg('ledger: ' || fault), '[]') from ${found} as fault)`

type Mark =
  | 'breaker'
  | 'isWatched'
  | 'held'
  | 'events'
  | 'alerts'
  | 'owned'
  | 'probe'
  | 'duties'
  | 'paused'
  | 'suspended'
  | 'broke'
  | 'rings'
  | 'holds'
  | 'sums'

/** What a snapshot has beside rows. */
export const MARKS: Record<Mark, Part> = {
  breaker: {
    reads: ['private.x_apps'],
    sql: `(select ${ms('max(breaker_open_until)')} from private.x_apps)`,
  },
  isWatched: {
    reads: ['private.x_apps'],
    sql: '(select bool_or(watch_at is not null) from private.x_apps)',
  },
  held: {
    reads: ['private.incarnation'],
    sql: `(select held_since is not null or incarnation.system_identifier <> control.system_identifier
      from private.incarnation, pg_control_system() as control)`,
  },
  events: {
    reads: ['public.events'],
    sql: `(select coalesce(json_object_agg(subject_id, types), '{}') from (
      select subject_id, json_object_agg(type, times) as types
      from (select subject_id, type, count(*) as times from public.events group by 1, 2) as counted
      group by 1) as subjects)`,
  },
  alerts: {
    reads: ['private.alerts'],
    sql: `(select coalesce(json_agg(json_build_array(kind, subject, detail)), '[]')
      from private.alerts)`,
  },
  owned: {
    reads: ['private.remote_posts'],
    sql: `(select coalesce(json_agg(json_build_array(remote_id, post_id, position)), '[]')
      from private.remote_posts)`,
  },
  probe: {
    reads: ['private.x_apps'],
    sql: '(select max(probe_account_id::text) from private.x_apps)',
  },
  duties: {
    reads: [
      'private.token_revocations',
      'private.removals',
      'private.x_apps',
      'private.given_up_attempts',
    ],
    sql: `(select coalesce(json_agg(${ms('due.at')}), '[]') from (
      select next_try_at as at from private.token_revocations
      union all select next_try_at from private.removals
      union all select watch_at from private.x_apps
      union all select next_look_at from private.given_up_attempts
      ) as due where isfinite(due.at))`,
  },
  paused: {
    reads: ['public.workspaces'],
    sql: `(select coalesce(json_agg(id), '[]') from public.workspaces where paused_at is not null)`,
  },
  suspended: {
    reads: ['public.workspaces'],
    sql: `(select coalesce(json_agg(id), '[]') from public.workspaces
      where suspended_at is not null)`,
  },
  broke: {
    reads: ['private.budgets'],
    sql: `(select coalesce(json_agg(workspace_id), '[]') from private.budgets
      where stopped_at is not null)`,
  },
  rings: {
    reads: ['net.http_request_queue'],
    sql: `(select coalesce(json_object_agg(slug, times), '{}') from (
      select substring(url from '[^/]+$') as slug, count(*) as times
      from net.http_request_queue group by 1) as rung)`,
  },
  holds: {
    reads: [
      'private.spend_ledger',
      'public.posts',
      'private.publish_jobs',
      'private.live_attempts',
    ],
    sql: faults('private.hold_faults()'),
  },
  sums: {
    reads: [
      'private.spend_ledger',
      'private.budget_months',
      'private.network_costs',
      'private.app_days',
    ],
    sql: faults('private.sum_faults()'),
  },
}

/** What a step leaves behind, read in one statement. Times are milliseconds since 1970, or ±Infinity. */
export type Post = {
  id: string
  account: string
  status: string
  due: number | null
  published: number | null
  held: string | null
  slug: string | null
  late: string
}
export type Segment = {
  post: string
  position: number
  status: string
  remote: string | null
  text: string
}
export type Attempt = {
  post: string
  position: number
  number: number
  status: string
  sending: number
  slug: string | null
  remote: string | null
}
export type Live = {
  post: string
  position: number
  number: number
  account: string
  sending: number
  deadline: number
  look: number | null
  absent: number
}
export type Job = {
  post: string
  account: string
  run: number
  stale: number
  state: string
  position: number
  media: boolean
}
export type Lane = {
  account: string
  ready: number
  blocked: number
  closed: string[]
  claim: string | null
  lease: number | null
}
export type Account = { id: string; status: string; version: number | null; expires: number | null }

export type Snapshot = {
  posts: Post[]
  segments: Segment[]
  attempts: Attempt[]
  live: Live[]
  jobs: Job[]
  lanes: Lane[]
  accounts: Account[]
  breaker: number
  held: boolean
  events: Record<string, Record<string, number>>
  alerts: [string, string][]
  owned: [string, string, number][]
  revocations: number | null
  rings: number
}

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
  held: 'private.is_publishing_held()',
  events: `(select coalesce(json_object_agg(subject_id, types), '{}') from (
    select subject_id, json_object_agg(type, times) as types
    from (select subject_id, type, count(*) as times from public.events group by 1, 2) as counted
    group by 1) as subjects)`,
  alerts: `(select coalesce(json_agg(json_build_array(kind, subject)), '[]') from private.alerts)`,
  owned: `(select coalesce(json_agg(json_build_array(remote_id, post_id, position)), '[]')
    from private.remote_posts)`,
  revocations: `(select ${ms('min(next_try_at)')} from private.token_revocations)`,
  rings: `(select count(*) from net.http_request_queue where url like '%/functions/v1/publish')`,
}

export const SNAPSHOT_SQL = `select json_build_object(${Object.entries(PARTS)
  .map(([name, sql]) => `'${name}', ${sql}`)
  .join(', ')}) as snapshot`

import { randomUUID } from 'node:crypto'
import type { ClientBase } from 'pg'
import type { CollectionClaim, Reading, Release } from '../../shared/analytics/collection.ts'
import type { Tx } from './database.ts'
import type { Account } from './publishing.ts'

/** Posts are published at this moment, the start of the next hour; readings are made after it. */
export const PUBLISHED = new Date(new Date().setUTCMinutes(60, 0, 0))
export const after = (seconds: number): Date => new Date(PUBLISHED.getTime() + seconds * 1000)

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

/** A post that X took at PUBLISHED, told by the event that publishing writes, and measured from then on. */
export async function publishedPost(
  tx: Tx,
  account: Account,
  { segments = 1, publishedAt = PUBLISHED, lateMs = 0 } = {},
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into public.posts (
       workspace_id, account_id, content, scheduled_at, published_at, status
     ) values ($1, $2, 'text', $3, $4, 'published') returning id`,
    [account.person.workspaceId, account.id, new Date(publishedAt.getTime() - lateMs), publishedAt],
  )
  const id = rows[0]?.id ?? ''
  await tx.query(
    `insert into public.post_segments (
       post_id, position, workspace_id, text, status, remote_id, published_at
     )
     select $1, position, $2, 'text', 'published', gen_random_uuid(), $3
     from generate_series(0, $4::int - 1) as position`,
    [id, account.person.workspaceId, publishedAt, segments],
  )
  await tx.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id, data)
     values ($1, 'post.published', 'post', $2, '{}')`,
    [account.person.workspaceId, id],
  )
  await tx.query('select private.measure_new_posts()')
  return id
}

type ClaimOptions = { claimId?: string; now?: Date; limit?: number; perLane?: number }

export const claimCollections = async (
  tx: Tx,
  { claimId = randomUUID(), now = after(20), limit = 50, perLane = 100 }: ClaimOptions = {},
): Promise<CollectionClaim & { claimId: string }> => ({
  ...(await one<CollectionClaim>(tx, 'service.claim_collections($1, $2, $3, p_now => $4)', [
    claimId,
    limit,
    perLane,
    now,
  ])),
  claimId,
})

/** A reading in which every counter is as large as its name needs it to be. */
export const readingAt = (
  postId: string,
  seconds: number,
  counters: Partial<Extract<Reading, { outcome: 'read' }>> = {},
): Reading => ({
  post_id: postId,
  position: 0,
  timestamp: after(seconds).toISOString(),
  outcome: 'read',
  impressions: 0,
  engagements: 0,
  clicks: 0,
  likes: 0,
  reposts: 0,
  replies: 0,
  quotes: 0,
  bookmarks: 0,
  profile_clicks: 0,
  ...counters,
})

export const releaseOf = (accountId: string, blocked: Partial<Release> = {}): Release => ({
  account_id: accountId,
  scope: 'account',
  blocked_until: null,
  detail: null,
  ...blocked,
})

type SaveOptions = { claimId?: string; released?: Release[]; now?: Date }

export const saveMetrics = (
  tx: Tx,
  readings: Reading[],
  { claimId = randomUUID(), released = [], now = after(20) }: SaveOptions = {},
): Promise<unknown> =>
  one(tx, 'service.save_metrics($1, $2, $3, $4)', [
    JSON.stringify(readings),
    claimId,
    JSON.stringify(released),
    now,
  ])

export const rollUp = (tx: Tx, limit = 5000): Promise<{ folded: number; is_empty: boolean }> =>
  one(tx, 'service.roll_up($1)', [limit])

export async function rollUpAll(tx: Tx, limit = 5000) {
  while (!(await rollUp(tx, limit)).is_empty);
}

const COUNTERS =
  'impressions engagements clicks likes reposts replies quotes bookmarks profile_clicks'.split(' ')
const sums = COUNTERS.map((name) => `sum(${name})::int as ${name}`).join(', ')
const steps = COUNTERS.map((name) => `${name} - lag(${name}, 1, 0::bigint) over line as ${name}`)

/** What the rollups must hold, computed from raw rows alone. */
const recomputed = `
  with steps as (
    select account_id, post_id, date_trunc('hour', timestamp, 'UTC') as hour, 0 as posts,
      ${steps.join(', ')}
    from public.post_analytics
    window line as (partition by post_id, position order by timestamp)
    union all
    select account_id, id, date_trunc('hour', published_at, 'UTC'), 1, ${COUNTERS.map(() => 0)}
    from public.posts where published_at is not null
  )`

const zeros = COUNTERS.map((name) => `${name} = 0`).join(' and ')

/** Rollups as they are and as raw rows say they must be: [kind, actual, expected] each. */
export async function compareRollups(tx: ClientBase): Promise<[string, unknown[], unknown[]][]> {
  const rows = async (sql: string) => (await tx.query(sql)).rows as unknown[]
  const nonZero = `where not (posts = 0 and ${zeros})`
  const by = (key: string) => `group by account_id, ${key} order by account_id, ${key}`
  const day = `(hour at time zone 'UTC')::date::text`
  return [
    [
      'hours',
      await rows(
        `select account_id, hour, sum(posts)::int as posts, ${sums}
         from public.account_stats_hourly ${nonZero} ${by('hour')}`,
      ),
      await rows(
        `${recomputed} select * from (
           select account_id, hour, sum(posts)::int as posts, ${sums} from steps ${by('hour')}
         ) as sums ${nonZero} order by account_id, hour`,
      ),
    ],
    [
      'days',
      await rows(
        `select account_id, date::text as date, sum(posts)::int as posts, ${sums}
         from public.account_stats_daily ${nonZero} ${by('date')}`,
      ),
      await rows(
        `${recomputed} select * from (
           select account_id, ${day} as date, sum(posts)::int as posts, ${sums}
           from steps group by account_id, ${day}
         ) as sums ${nonZero} order by account_id, date`,
      ),
    ],
    [
      'posts',
      await rows(
        `select post_id, ${sums} from public.post_stats group by post_id order by post_id`,
      ),
      await rows(
        `${recomputed} select post_id, ${sums} from steps group by post_id order by post_id`,
      ),
    ],
  ]
}

import { DELIVERIES } from './deliveries-sql.ts'
import { MARKS, ms, type Part, rows } from './marks-sql.ts'
import type { Snapshot } from './snapshot.ts'

/** Each part of a snapshot: how it is read, and from which tables. */
export const PARTS: Record<keyof Snapshot, Part> = {
  posts: {
    reads: ['public.posts'],
    sql: rows(
      {
        id: 'id',
        account: 'account_id',
        status: 'status',
        due: ms('scheduled_at'),
        published: ms('published_at'),
        held: 'held_reason',
        slug: `failure ->> 'slug'`,
        late: 'late_policy',
        patience: ms('late_after'),
        leaves: 'unpublish_requested_at is not null',
      },
      '(select * from public.posts order by id) as posts',
    ),
  },
  segments: {
    reads: ['public.post_segments'],
    sql: rows(
      {
        post: 'post_id',
        position: 'position',
        status: 'status',
        remote: 'remote_id',
        text: 'text',
        media: 'media_ids',
      },
      '(select * from public.post_segments order by post_id, position) as segments',
    ),
  },
  attempts: {
    reads: ['public.publish_attempts'],
    sql: rows(
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
  },
  live: {
    reads: ['private.live_attempts'],
    sql: rows(
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
  },
  jobs: {
    reads: ['private.publish_jobs'],
    sql: rows(
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
  },
  lanes: {
    reads: ['private.account_lanes'],
    sql: rows(
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
  },
  accounts: {
    reads: ['public.accounts', 'private.account_tokens'],
    sql: rows(
      {
        id: 'accounts.id',
        status: 'accounts.status',
        version: 'tokens.version',
        expires: ms('tokens.expires_at'),
      },
      `public.accounts
       left join private.account_tokens as tokens on tokens.account_id = accounts.id`,
    ),
  },
  uploads: {
    reads: ['private.media_uploads'],
    sql: rows(
      {
        media: 'media_id',
        account: 'account_id',
        state: 'state',
        remote: 'remote_id',
        due: ms('due_at'),
      },
      '(select * from private.media_uploads order by account_id, media_id) as uploads',
    ),
  },
  ...DELIVERIES,
  ...MARKS,
}

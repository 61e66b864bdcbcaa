import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { busy, crowded, restless, rough } from './plans.ts'

const unfenced = withoutText(
  'private.reclaim_idle_lanes',
  'set claim_id = null, lease_expires_at = null',
  'set claim_id = claim_id',
)

const withHaste = (plan: Plan): Plan => ({
  ...busy(plan),
  people: { actions: 120, governs: false },
  threads: 0,
})

/** Of lanes and of Go. */
export const LANE_GUARDS: Guard[] = [
  {
    name: 'one live attempt per segment, by its primary key and by Go',
    tampering: sql(
      'alter table private.live_attempts drop constraint live_attempts_pkey',
      withoutText('private.allowed_jobs', "jobs.state = 'waiting'", 'true'),
      withoutText('private.allowed_jobs', 'and live.post_id is null'),
      withoutText('private.claimed_batch', "jobs.state = 'waiting'", 'true'),
    ),
    // Of two open attempts of a segment, an answer may close the other one.
    sees: /an attempt was open|the job was sending|live attempt|duplicate key|again under one Go|said so, and it is open/,
    change: (plan) => ({
      ...rough(plan),
      accounts: 2,
      posts: 10,
      bell: { lost: 0, lateTick: 1 },
      isolate: { ...rough(plan).isolate, crash: 0, freeze: 0.1, crashAtCommit: 0.1 },
    }),
  },
  {
    name: 'Go asks for the claim that holds the lane',
    tampering: sql(
      withoutText('private.allowed_jobs', ' and (lanes.claim_id = wanted.claim_id) is true'),
    ),
    // A worker that was fenced off sends beside another, or what an earlier post should go before.
    sees: /while worker\d+ sends|an earlier post of the account waited/,
    change: withHaste,
  },
  {
    name: 'Go leaves a closed lane alone: paused accounts and workspaces, suspensions, budgets',
    tampering: sql(unfenced, withoutText('private.allowed_jobs', "and lanes.closed_by = '{}'")),
    sees: /was paused|not active|lane was closed/,
    change: restless,
  },
  {
    name: 'Go leaves alone what was canceled or withdrawn',
    tampering: sql(
      withoutText(
        'private.dequeue_post',
        'delete from private.publish_jobs where post_id = p_post.id;',
      ),
    ),
    sees: /post has a job|the post was/,
    change: restless,
  },
  {
    name: 'a database that is another one than it was sends nothing',
    tampering: sql(
      withoutText('private.is_publishing_held', 'incarnation.held_since is not null', 'false'),
      withoutText(
        'private.is_publishing_held',
        'incarnation.system_identifier <> control.system_identifier',
        'false',
      ),
      withoutText(
        'private.close_lanes',
        'closed_by || p_reason',
        "case when p_reason = 'restored' then closed_by else closed_by || p_reason end",
      ),
    ),
    sees: /publishing was held/,
    change: (plan) => ({ ...restless(plan), holds: 1 }),
  },
  {
    name: 'Go leaves a lane alone that a rate window closes',
    tampering: sql(
      withoutText(
        'private.allowed_jobs',
        "and lanes.blocked_until <= p_now + interval '100 milliseconds'",
      ),
    ),
    sees: /a rate window closed the lane/,
    change: (plan) => ({ ...busy(plan), x: { ...plan.x, fault: 0, postsPer15Min: 2 } }),
  },
  {
    name: 'Go leaves alone what moved to later than its worker waits for',
    tampering: sql(
      withoutText('private.allowed_jobs', 'and jobs.run_at <= greatest(p_now, wanted.run_at)'),
    ),
    sees: /too early|it was not due/,
    change: crowded,
  },
]

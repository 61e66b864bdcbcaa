import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { busy, rough } from './plans.ts'

/** Many posts at once on several accounts, and nobody who meddles. */
const crowd = (plan: Plan): Plan => {
  const changed = busy(plan)
  return {
    ...changed,
    accounts: 4,
    posts: 30,
    threads: 0,
    people: { actions: 0, governs: false },
    webhooks: { ...plan.webhooks, endpoints: 0 },
    x: { ...changed.x, fault: 0 },
  }
}

/** X refuses the app while workers hold other lanes of it. */
const blocked = (plan: Plan): Plan => ({
  ...crowd(plan),
  accounts: 6,
  x: { ...crowd(plan).x, fault: 0.4, refusals: { '402': 8, '429 of the app': 8 } },
})

/** Timers and the database are seconds late, and so is the tick, which would clear away what is too late. */
const sluggish = (plan: Plan): Plan => ({
  ...crowd(plan),
  bell: { lost: 0, lateTick: 1 },
  isolate: { ...crowd(plan).isolate, stallMs: 6_000 },
  database: { ...plan.database, lostAfter: 0, slowMs: 5_000 },
})

/** X forgets the pictures that every post shows. */
const forgetful = (plan: Plan): Plan => ({
  ...rough(plan),
  accounts: 2,
  posts: 12,
  media: 1,
  people: { actions: 0, governs: false },
  x: { ...rough(plan).x, fault: 0.6, refusals: { '404 media': 20 } },
})

/** People who set budgets while their accounts send one post after the other. */
const thrifty = (plan: Plan): Plan => ({
  ...crowd(plan),
  accounts: 3,
  people: { actions: 80, governs: 'budgets' },
})

/**
 * Of what may have become of a lane or a post since its claim. The claim passes the same by, which saves work and
 * guards nothing: what it would let through, Go refuses. Media alone cannot be lost in between, for a worker goes
 * on to no other post of a lane once X has forgotten something; so there both are taken out.
 */
export const GO_GUARDS: Guard[] = [
  {
    name: 'Go asks whether the breaker of the app is open, which a worker that claimed before does not know',
    tampering: sql(
      withoutText(
        'private.allowed_jobs',
        "apps.breaker_open_until <= p_now + interval '100 milliseconds'",
        'true',
      ),
    ),
    sees: /the breaker of the app was open/,
    change: blocked,
  },
  {
    name: 'Go leaves alone what has become too late since its claim, which the tick may not have seen yet',
    tampering: sql(withoutText('private.allowed_jobs', 'and jobs.stale_at > p_now')),
    sees: /the post was stale/,
    change: sluggish,
  },
  {
    name: 'a job becomes stale when the patience of its author ends',
    tampering: sql(withoutText('private.stale_at', 'p_from + p_post.late_after', "'infinity'")),
    sees: /was sent though it was too late to/,
    change: sluggish,
  },
  {
    name: 'what waits for its media is passed by, by the claim and by Go (a worker would not send it either)',
    tampering: sql(
      withoutText('private.claimed_batch', 'and jobs.media_ready'),
      withoutText('private.allowed_jobs', 'and jobs.media_ready'),
    ),
    sees: /media were not ready/,
    change: forgetful,
  },
  {
    name: 'a post waits again when X has forgotten what it shows',
    tampering: sql(
      withoutText('private.are_media_ready', 'where uploads.media_id is null', 'where false'),
    ),
    sees: /was to be sent, and X does not have/,
    change: forgetful,
  },
  {
    name: 'Go leaves a lane alone that only a budget closes, while the worker that sends from it holds it',
    tampering: sql(
      withoutText(
        'private.allowed_jobs',
        "lanes.closed_by = '{}'",
        "lanes.closed_by <@ array['budget']",
      ),
    ),
    sees: /the lane was closed by budget/,
    change: thrifty,
  },
  {
    name: 'a budget that does not pay for what is committed closes the lanes of its workspace',
    tampering: sql(
      withoutText(
        'private.judge_budget',
        "perform private.close_lanes(private.lanes_of(p_workspace_id), 'budget');",
      ),
    ),
    sees: /the budget of the workspace was spent/,
    change: thrifty,
  },
]

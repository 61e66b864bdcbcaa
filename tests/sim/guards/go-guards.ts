import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { crowd } from './plans.ts'

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

/** People who set budgets while their accounts send one post after the other. */
const thrifty = (plan: Plan): Plan => ({
  ...crowd(plan),
  accounts: 3,
  people: { actions: 80, governs: 'budgets' },
})

/**
 * Of what may have become of a lane or a post since its claim. The claim passes the same by, which saves work and
 * guards nothing: what it would let through, Go refuses.
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

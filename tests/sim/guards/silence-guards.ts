import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { restless, rough } from './plans.ts'

/** Nothing but the heartbeat wakes a worker. */
const unheard = (plan: Plan): Plan => ({
  ...rough(plan),
  posts: 8,
  stormMs: 30_000,
  bell: { lost: 1, lateTick: 0 },
})

/** Threads that X lets send two posts in a quarter of an hour. */
const longWinded = (plan: Plan): Plan => ({
  ...rough(plan),
  accounts: 1,
  posts: 24,
  threads: 1,
  people: { actions: 0, governs: false },
  x: { ...rough(plan).x, fault: 0, postsPer15Min: 2 },
})

/** Of what brings a lane up again, and what becomes of a post that waits. */
export const SILENCE_GUARDS: Guard[] = [
  {
    name: 'a lane hears of what is scheduled for it',
    tampering: sql(
      withoutText('private.admit_jobs', 'perform private.refresh_lanes(p_account_ids);'),
    ),
    sees: /lane \S+ sleeps until Infinity, it is due at \d/,
  },
  {
    name: 'a lane comes up when what closed it is over',
    tampering: sql(
      withoutText('private.open_lanes', 'perform private.refresh_lanes(p_account_ids);'),
    ),
    sees: /lane \S+ sleeps until Infinity, it is due at \d/,
    change: restless,
  },
  {
    name: 'a lease ends by itself',
    tampering: sql(
      withoutText(
        'private.take_lanes',
        'lease_expires_at = p_now + p_lease',
        "lease_expires_at = 'infinity'",
      ),
    ),
    sees: /is leased for ever/,
  },
  {
    name: 'what a lost ring should have woken, the tick rings for',
    tampering: sql(
      withoutText('private.tick', "perform private.ring('publish', v_missing, p_now);"),
    ),
    sees: /post \S+ is left scheduled/,
    change: unheard,
  },
  {
    name: 'what a worker that died was sending is taken up',
    tampering: sql(withoutText('private.tick', 'perform private.rescue_attempts(p_now => p_now);')),
    sees: /post \S+ is left publishing/,
    change: (plan) => ({ ...rough(plan), isolate: { ...rough(plan).isolate, crash: 0.1 } }),
  },
  {
    name: 'what nobody is sure of is looked for',
    tampering: sql(
      withoutText(
        'private.due_duties',
        'exists (select from private.live_attempts where next_look_at <= p_now)',
        'false',
      ),
      withoutText(
        'private.due_duties',
        'exists (select from private.given_up_attempts where next_look_at <= p_now)',
        'false',
      ),
    ),
    sees: /post \S+ is left unconfirmed/,
    change: rough,
  },
  {
    name: 'a post that is too late is held or missed, whatever closes its lane',
    tampering: sql(
      withoutText('private.watch_posts', 'perform private.apply_late_policy(p_now => p_now);'),
    ),
    sees: /post \S+ is left scheduled/,
    change: restless,
  },
  {
    name: 'a thread that cannot go on says so',
    tampering: sql(
      withoutText('private.watch_posts', 'perform private.park_threads(p_now => p_now);'),
    ),
    sees: /post \S+ is left publishing/,
    change: longWinded,
  },
]

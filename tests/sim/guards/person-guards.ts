import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { silent } from './plans.ts'

/** A few posts of which X says nothing, though nothing else goes wrong. */
const quiet = (plan: Plan): Plan => ({
  ...silent(plan),
  accounts: 1,
  posts: 4,
  threads: 0,
  media: 0,
  holds: 0,
  bell: { lost: 0, lateTick: 0 },
  isolate: { ...silent(plan).isolate, crash: 0, crashAtCommit: 0, freeze: 0, spends: 0 },
  database: { ...plan.database, lostBefore: 0, lostAfter: 0, undone: 0, ghost: 0, outages: 0 },
  webhooks: { ...plan.webhooks, endpoints: 0 },
})

/** People settle them, and send them again. */
const doubtful = (plan: Plan): Plan => ({
  ...quiet(plan),
  stormMs: 75_000,
  people: { actions: 80, governs: false, only: { resolve: 1, retry: 1 } },
})

/** For half an hour X takes posts long after it was asked, or not at all. */
const belated = (plan: Plan): Plan => ({
  ...quiet(plan),
  stormMs: 1_500_000,
  people: { actions: 60, governs: false, only: { unschedule: 1, schedule: 1 } },
  x: {
    ...quiet(plan).x,
    fault: 1,
    hasMoods: false,
    falseUnauthorized: 0,
    isWild: true,
    refusesDuplicates: false,
    longestCarryMs: 900_000,
    kinds: { late: 50 },
    shortestCarryMs: 500_000,
    postsPer15Min: 2,
  },
})

/** One account says the same again and again, and X is slow to say what it took. */
const alike = (plan: Plan): Plan => ({
  ...quiet(plan),
  posts: 14,
  twins: 1,
  stormMs: 75_000,
  people: { actions: 0, governs: false },
  x: {
    ...quiet(plan).x,
    fault: 0.7,
    hasMoods: false,
    readFault: 0,
    falseUnauthorized: 0,
    refusesDuplicates: false,
    kinds: { after: 5, late: 5, instead: 5 },
    refusals: { '500': 20, reset: 20 },
    postsPer15Min: 100,
  },
})

/** Of what people do about posts of which nobody is sure. */
export const PERSON_GUARDS: Guard[] = [
  {
    name: 'a person who does not see a post on X is not believed before the quiet time',
    tampering: sql(
      withoutText(
        'private.resolve_post',
        'perform private.require_quiet(p_post_id, p_now);',
        'null;',
      ),
    ),
    sees: /quiet time was not over/,
    change: doubtful,
  },
  {
    name: 'what X turned out to have while its author withdrew it is not scheduled again',
    tampering: sql(
      withoutText('private.require_schedulable', 'perform private.require_not_taken(p_post.id);'),
    ),
    sees: /X took attempt \S+ \d \d, and its segment is pending/,
    change: belated,
  },
  {
    name: 'what X turned out to have after it was given up is adopted',
    tampering: sql(
      withoutText(
        'private.record_late_answers',
        'not private.reopen_attempt(v_attempt, v_result.remote_id, p_now)',
        'true',
      ),
    ),
    sees: /X took attempt \S+ \d \d, and its segment is (pending|failed)/,
    change: belated,
  },
  {
    name: 'what another attempt that is under way may have made is not adopted',
    tampering: sql(
      withoutText(
        'service.settle_looks',
        'select private.disputed_finds(p_verdicts)',
        'select null::uuid',
      ),
    ),
    sees: /X took none of its attempts/,
    change: alike,
  },
]

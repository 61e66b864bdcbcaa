import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { crowd, rough } from './plans.ts'

/** X forgets the pictures that every post shows. */
const forgetful = (plan: Plan): Plan => ({
  ...rough(plan),
  accounts: 2,
  posts: 12,
  media: 1,
  people: { actions: 0, governs: false },
  x: { ...rough(plan).x, fault: 0.6, refusals: { '404 media': 20 } },
})

/** Likewise of some posts, while workers wait undisturbed for the next ones of their lanes. */
const forgetfulCrowd = (plan: Plan): Plan => ({
  ...crowd(plan),
  accounts: 6,
  posts: 60,
  stormMs: 60_000,
  threads: 0.5,
  media: 0.5,
  bell: { lost: 0, lateTick: 0 },
  isolate: { ...crowd(plan).isolate, freeze: 0, spends: 0 },
  database: { ...plan.database, lostBefore: 0, lostAfter: 0, undone: 0, ghost: 0, outages: 0 },
  x: { ...crowd(plan).x, fault: 0.25, refusals: { '404 media': 100 }, postsPer15Min: 100 },
})

/**
 * Of posts that show something. Nothing is forgotten between a claim and a Go of it, for a worker goes on to no
 * other post of a lane once X has forgotten something: claim and Go stand behind each other, and both are taken out.
 */
export const MEDIA_GUARDS: Guard[] = [
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
    name: 'a post whose media are there at last goes before what a worker waits for meanwhile',
    tampering: sql(
      withoutText(
        'private.refresh_media_ready',
        "media_ready and run_at <= p_now + interval '5 seconds'",
        'false',
      ),
    ),
    sees: /an earlier post of the account waited/,
    change: forgetfulCrowd,
  },
]

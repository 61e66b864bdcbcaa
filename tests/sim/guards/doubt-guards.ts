import type { Network } from '../../../shared/networks/network.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'
import { crowd, rough, silent } from './plans.ts'

const asNotSent = (network: Network): Network => ({
  ...network,
  publish: async (...args) => {
    const answer = await network.publish(...args)
    return answer.kind === 'unknown' ? { ...answer, kind: 'not_sent' } : answer
  },
})

/** Of what nobody is sure of. */
export const DOUBT_GUARDS: Guard[] = [
  {
    name: 'the quiet time',
    tampering: sql(withoutText('private.quiet_time', "'420 seconds'", "'0 seconds'")),
    sees: /quiet time was not over/,
    change: silent,
  },
  {
    name: 'two absences, not one',
    tampering: sql(
      withoutText('private.give_up_absent', 'live.absent_count >= 2', 'live.absent_count >= 1'),
    ),
    sees: /given up after one look/,
    change: silent,
  },
  {
    name: 'a workspace that does not want it is never sent again for',
    tampering: sql(withoutText('private.give_up_absent', ' and workspaces.resend_when_absent', '')),
    sees: /workspace does not send again/,
    change: (plan) => ({
      ...silent(plan),
      workspaces: plan.workspaces.map(() => ({ resend: false })),
    }),
  },
  {
    name: 'a worker that is gone leaves an unknown outcome, no retry',
    tampering: sql(withoutText('private.rescue_attempts', "'unknown'", "'retry'")),
    sees: /X has segment|was not published at/,
    change: (plan) => ({
      ...rough(plan),
      posts: 10,
      isolate: { ...rough(plan).isolate, crash: 0.1 },
      x: { ...rough(plan).x, refusesDuplicates: false, kinds: { after: 20 } },
    }),
  },
  {
    name: 'an answer that comes after its attempt was called unknown is adopted',
    tampering: sql(
      withoutText(
        'private.close_attempts',
        "(results.outcome <> 'unknown' or live.next_look_at is null)",
        'live.next_look_at is null',
      ),
    ),
    sees: /its worker said so, and it is unknown/,
    change: rough,
  },
  {
    name: 'a timeout, a reset and a 5xx are unknown, never "not sent"',
    tampering: { worker: { network: asNotSent } },
    sees: /X has segment|was not published at/,
    change: (plan) => ({ ...rough(plan), x: { ...rough(plan).x, refusesDuplicates: false } }),
  },
  {
    name: 'a post with media is never sent again by itself',
    tampering: sql(withoutText('private.give_up_absent', "and segments.media_ids = '{}'")),
    sees: /a post with media was sent again/,
    change: (plan) => ({ ...silent(plan), media: 1 }),
  },
  {
    name: 'a post of X belongs to one segment',
    tampering: sql(
      'alter table private.remote_posts drop constraint remote_posts_pkey',
      withoutText('private.close_attempts', ' and taken.remote_id is null'),
    ),
    sees: /belongs to|says another text than X/,
    change: (plan) => ({
      ...crowd(plan),
      accounts: 1,
      posts: 12,
      x: { ...crowd(plan).x, fault: 0.4, kinds: { after: 20 }, foreignIds: 30 },
    }),
  },
  {
    name: 'a reply is never sent again by itself',
    tampering: sql(withoutText('private.give_up_absent', 'and live.position = 0')),
    sees: /a reply was sent again/,
    change: (plan) => ({
      ...silent(plan),
      posts: 8,
      threads: 1,
      people: { actions: 0, governs: false },
      x: {
        ...silent(plan).x,
        fault: 0.3,
        kinds: { instead: 20 },
        refusals: { '500': 20, reset: 20 },
      },
    }),
  },
]

import type { Network } from '../../../shared/networks/network.ts'
import type { Plan } from '../plan.ts'
import type { Tampering } from '../run-seed.ts'
import { withoutText } from './patch-function.ts'

/** One guard of the product, how to take it out, and what the simulation then has to see. */
export type Guard = {
  name: string
  tampering: Tampering
  sees: RegExp
  /** What makes it likely that the guard is needed. */
  change?: (plan: Plan) => Plan
}

const sql = (...statements: string[]): Tampering => ({ sql: statements })

const rough = (plan: Plan): Plan => ({
  ...plan,
  stormMs: 60_000,
  isolate: { ...plan.isolate, crash: 0.03, freeze: 0.03, crashAtCommit: 0.05 },
  database: { ...plan.database, lostAfter: 0.1 },
  x: { ...plan.x, fault: 0.5, isWild: false, refusesDuplicates: true, longestCarryMs: 19_000 },
})

/** People who change their minds all the time, while workers wait for their posts. */
const restless = (plan: Plan): Plan => ({
  ...plan,
  accounts: 2,
  posts: 8,
  stormMs: 30_000,
  people: { actions: 25, governs: true },
})

const unfenced = withoutText(
  'private.reclaim_idle_lanes',
  'set claim_id = null, lease_expires_at = null',
  'set claim_id = claim_id',
)

const silent = (plan: Plan): Plan => {
  const changed = rough(plan)
  return {
    ...changed,
    workspaces: plan.workspaces.map(() => ({ resend: true })),
    x: { ...changed.x, fault: 0.7, timelineLagMs: 0, readFault: 0 },
  }
}

const asNotSent = (network: Network): Network => ({
  ...network,
  publish: async (...args) => {
    const answer = await network.publish(...args)
    return answer.kind === 'unknown' ? { ...answer, kind: 'not_sent' } : answer
  },
})

const isPost = (init?: RequestInit) =>
  init?.method === 'POST' && String(init.body).includes('"text"')

const postsTwice =
  (send: typeof fetch): typeof fetch =>
  async (input, init) => {
    const once = await send(input, init).catch((error: Error) => error)
    const isFine = once instanceof Response && once.status < 500
    if (isFine || !isPost(init) || init?.signal?.aborted) {
      if (once instanceof Error) throw once
      return once
    }
    return send(input, init)
  }

export const GUARDS: Guard[] = [
  {
    name: 'one live attempt per segment, by its primary key and by Go',
    tampering: sql(
      'alter table private.live_attempts drop constraint live_attempts_pkey',
      withoutText('private.allowed_jobs', "jobs.state = 'waiting'", 'true'),
      withoutText('private.allowed_jobs', 'and live.post_id is null'),
      withoutText('private.claimed_batch', "jobs.state = 'waiting'", 'true'),
    ),
    sees: /an attempt was open|the job was sending|live attempt|duplicate key/,
    change: (plan) => ({
      ...rough(plan),
      accounts: 2,
      posts: 10,
      bell: { lost: 0, lateTick: 1 },
      isolate: { ...rough(plan).isolate, crash: 0, freeze: 0.1, crashAtCommit: 0.1 },
    }),
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
    name: 'a worker that is gone leaves an unknown outcome, no retry',
    tampering: sql(withoutText('private.rescue_attempts', "'unknown'", "'retry'")),
    sees: /X has segment|was not published at/,
    change: (plan) => ({ ...rough(plan), isolate: { ...rough(plan).isolate, crash: 0.1 } }),
  },
  {
    name: 'a timeout, a reset and a 5xx are unknown, never "not sent"',
    tampering: { worker: { network: asNotSent } },
    sees: /X has segment|was not published at/,
    change: (plan) => ({ ...rough(plan), x: { ...rough(plan).x, refusesDuplicates: false } }),
  },
  {
    name: 'a POST is made once',
    tampering: { worker: { fetch: postsTwice } },
    sees: /again under one Go/,
    change: rough,
  },
]

import type { Plan } from '../plan.ts'
import { type Guard, sql } from './guard.ts'
import { withoutText } from './patch-function.ts'

/** People who write, cancel and move posts, some of them threads, while X takes what is due. */
const lively = (plan: Plan): Plan => ({
  ...plan,
  accounts: 2,
  posts: 10,
  stormMs: 40_000,
  threads: 0.3,
  people: { actions: 40, governs: false },
  database: { ...plan.database, outages: 0 },
  webhooks: { ...plan.webhooks, endpoints: 0 },
})

const SETTLES = 'private.tg_events__settle_spend'

/** Of what posts cost: what is held for them, and the sums that budgets and days of apps go by. */
export const MONEY_GUARDS: Guard[] = [
  {
    name: 'a post is scheduled with its price held and its places taken',
    tampering: sql(
      withoutText(
        'private.set_schedule',
        'perform private.reserve_posts(array[v_post.id], p_now);',
      ),
    ),
    sees: /ledger: post \S+ is scheduled without a hold/,
    change: lively,
  },
  {
    name: 'a hold is settled when X has taken its post',
    tampering: sql(withoutText(SETTLES, 'perform private.settle_published(v_published);', 'null;')),
    sees: /ledger: post \S+ is published, and its hold is open/,
    change: lively,
  },
  {
    name: 'a hold is released when its post is canceled',
    tampering: sql(withoutText(SETTLES, "'post.canceled',")),
    sees: /ledger: post \S+ is canceled, and its hold is open/,
    change: lively,
  },
  {
    name: 'what a hold does not need is given back to its month',
    tampering: sql(
      withoutText('private.give_back_holds', 'perform private.charge_budgets(v_changes);'),
    ),
    sees: /ledger: \S+ of workspace \S+ \d+ committed, \d+ in the ledger/,
    change: lively,
  },
  {
    name: 'a place that nobody needs is given back to its day',
    tampering: sql(
      withoutText('private.give_back_holds', 'perform private.take_places(v_changes);'),
    ),
    sees: /ledger: \S+ of app \S+ \d+ taken, \d+ in the ledger/,
    change: lively,
  },
  {
    name: 'a post that moves to another hold gives its former one back',
    tampering: sql(
      withoutText(
        'private.reserve_posts',
        'v_changes := private.settle_holds(v_post_ids, true);',
        "v_changes := '{}';",
      ),
    ),
    sees: /ledger: post \S+ has more than one open hold/,
    change: (plan) => ({ ...lively(plan), people: { actions: 80, governs: false } }),
  },
]

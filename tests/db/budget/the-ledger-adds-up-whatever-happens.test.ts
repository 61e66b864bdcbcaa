import fc from 'fast-check'
import { test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { expectLedgerAddsUp, setLimit } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  go,
  look,
  resultFor,
  settle,
  tick,
} from '../../helpers/publishing.ts'

const OUTCOMES = ['accepted', 'accepted', 'refused', 'retry', 'unknown'] as const

type World = { tx: Tx; accounts: Account[]; posts: { id: string; account: Account }[]; now: number }
type Step = { verb: string; a: number; b: number }

const pick = <T>(items: T[], place: number): T | undefined => items[place % items.length]

/** A verb as its caller; a refusal undoes it, as a failed request would. */
const tryAs = async ({ tx }: World, account: Account, sql: string, values: unknown[]) => {
  await tx.query('savepoint verb')
  await actFor(tx, account)
  const answer = await tx.query<{ value: { id: string } }>(`select ${sql} as value`, values).then(
    ({ rows }) => rows[0]?.value ?? null,
    async (error: { code?: string }) => {
      if (!error.code?.startsWith('PT4')) throw error
      await tx.query('rollback to savepoint verb')
      return null
    },
  )
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
  return answer
}

const onPost =
  (sql: string, rest: (step: Step, world: World) => unknown[] = () => []) =>
  async (world: World, step: Step) => {
    const post = pick(world.posts, step.a)
    if (post) await tryAs(world, post.account, sql, [post.id, ...rest(step, world)])
  }

const later = ({ b }: Step, { now }: World) => [at(now + (b % 40) * 86_400)]
const texts = (count: number, link: boolean) =>
  Array.from({ length: 1 + (count % 3) }, () => ({ text: 'text', has_url: link }))

const verbs: Record<string, (world: World, step: Step) => Promise<unknown>> = {
  create: async (world, { a, b }) => {
    const account = pick(world.accounts, a)
    if (!account) return
    const post = await tryAs(world, account, 'public.create_post($1)', [
      {
        account_id: account.id,
        segments: texts(b, a % 4 === 0),
        scheduled_at: b % 5 === 0 ? undefined : at(world.now + (b % 7) * 60),
        late_policy: pick(['hold', 'miss', 'publish'], b),
      },
    ])
    if (post) world.posts.push({ id: post.id, account })
  },
  edit: onPost('public.update_post($1, $2)', ({ b }) => [{ segments: texts(b, b % 2 === 0) }]),
  move: onPost('private.schedule_post($1, $2, null)', later),
  now: onPost('private.schedule_post($1, $2, null)', (_, { now }) => [at(now)]),
  unschedule: onPost('public.unschedule_post($1)'),
  cancel: onPost('public.cancel_post($1)'),
  resume: onPost('public.resume_post($1)'),
  drop: onPost('public.drop_remainder($1)'),
  limit: async ({ tx, accounts, now }, { a, b }) => {
    const account = pick(accounts, a)
    if (account) await setLimit(tx, account, b % 3 === 0 ? null : (b % 20) * 50_000, at(now))
  },
  cap: ({ tx }, { a, b }) =>
    tx.query('update private.x_apps set posts_per_day = $1', [a % 2 ? null : 1 + (b % 10)]),
  tick: async (world, { b }) => {
    world.now += (b % 90) * 60
    await tick(world.tx, at(world.now))
    await world.tx.query('select private.limits_tick($1)', [at(world.now)])
  },
  work: async ({ tx, now }, { b }) => {
    const { claimId, lanes } = await claimJobs(tx, { now: at(now) })
    const ids = lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
    for (let round = 0; round < 2; round += 1) {
      const attempts = await go(tx, claimId, ids, { now: at(now) })
      const results = attempts.map((attempt, index) =>
        resultFor(attempt, pick([...OUTCOMES], b + index + round) ?? 'unknown', {
          ...(b % 2 ? { block_account_until: at(now + 60).toISOString() } : {}),
        }),
      )
      await settle(tx, claimId, results, { now: at(now) })
    }
    const release = lanes.map((lane) => lane.account_id)
    await settle(tx, claimId, [], { release, now: at(now) })
  },
  /** X answers after all to an attempt that was closed without it. */
  late: async ({ tx, now }, { a, b }) => {
    const { rows } = await tx.query(
      `select post_id, position, number, account_id from public.publish_attempts
       where status <> 'accepted' order by post_id, position, number`,
    )
    const attempt = pick(rows, a)
    if (!attempt) return
    const answer = resultFor(attempt, 'accepted', { remote_id: `late-${a}-${b}` })
    await settle(tx, attempt.account_id, [answer], { now: at(now) })
  },
  /** Its owner deletes on X what was first sent of a post. */
  removed: async ({ tx, now, posts }, { a }) => {
    const post = pick(posts, a)
    if (!post) return
    await tx.query(
      `select private.note_removed(post_id, position, remote_id, $2)
       from public.post_segments
       where post_id = $1 and status = 'published' and removed_at is null
       order by position limit 1`,
      [post.id, at(now)],
    )
  },
  found: async ({ tx, now }, { b }) => {
    const verdict = b % 2 ? { verdict: 'absent' } : { verdict: 'found', remote_id: `found-${b}` }
    await look(tx, at(now), verdict)
  },
}

const anyStep = fc.record({
  verb: fc.constantFrom(...Object.keys(verbs), 'create', 'create', 'work', 'work'),
  a: fc.nat(1000),
  b: fc.nat(1000),
})

test('posts, holds, budgets and days agree after every step of any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 40 }), (steps) =>
      withTx(async (tx) => {
        const first = await connectAccount(tx)
        const accounts = [first, await connectAccount(tx, first.person), await connectAccount(tx)]
        const world: World = { tx, accounts, posts: [], now: 0 }
        for (const step of steps) {
          await verbs[step.verb]?.(world, step)
          await expectLedgerAddsUp(tx)
        }
      }),
    ),
    { numRuns: 15, endOnFailure: true },
  )
}, 120_000)

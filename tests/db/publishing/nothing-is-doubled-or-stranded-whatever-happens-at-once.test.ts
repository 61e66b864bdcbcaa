import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'
import type { AttemptResult } from '../../../shared/publishing/batches.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import { imagineX } from '../../helpers/imagined-x.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  claimLooks,
  connectAccount,
  go,
  schedulePost,
  settle,
  settleLooks,
  tick,
} from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

const ACCOUNTS = 16
const POSTS = 3
const STEPS = 60
const random = Math.random
const among = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T

type World = {
  x: ReturnType<typeof imagineX>
  accounts: Account[]
  posts: string[]
  /** Answers that take their time: any worker may report them, once or twice. */
  late: { claimId: string; results: AttemptResult[] }[]
  seconds: number
}

const work = async (tx: Tx, world: World, behaves = false) => {
  const { claimId, lanes } = await claimJobs(tx, { lanes: 6, perLane: 2, now: at(world.seconds) })
  for (const lane of lanes) {
    const postIds = lane.jobs.map(({ post_id }) => post_id)
    const attempts = await go(tx, claimId, postIds, { now: at(world.seconds) })
    const results = attempts.flatMap((attempt) => world.x.post(attempt, behaves) ?? [])
    if (!behaves && random() < 0.3) world.late.push({ claimId, results })
    else await settle(tx, claimId, results, { release: [lane.account_id], now: at(world.seconds) })
  }
}

const reconcile = async (tx: Tx, world: World) => {
  const looks = await claimLooks(tx, at(world.seconds))
  const verdicts = looks.map((open) => ({ ...open, ...world.x.show(open) }))
  await settleLooks(tx, verdicts, at(world.seconds))
}

const reportLate = async (tx: Tx, world: World) => {
  const late = among(world.late)
  if (late) await settle(tx, late.claimId, late.results, { now: at(world.seconds) })
}

const depleteCredits = (tx: Tx, world: World) =>
  settle(
    tx,
    '00000000-0000-0000-0000-000000000000',
    world.posts.slice(0, 8).map((post_id) => ({
      post_id,
      position: 24,
      number: 1,
      outcome: 'retry',
      block_app_until: at(world.seconds + 90).toISOString(),
    })),
    { now: at(world.seconds) },
  )

const meddle = async (tx: Tx, world: World) => {
  const account = among(world.accounts)
  await actFor(tx, account)
  const post = among(world.posts)
  await among([
    () => tx.query(`select public.update_account($1, '{"paused": true}')`, [account.id]),
    () => tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id]),
    () => tx.query('select public.publish_post($1)', [post]),
    () => tx.query(`select public.update_post($1, '{"late_policy": "publish"}')`, [post]),
    () => tx.query('select public.resume_post($1)', [post]),
  ])().catch((error: unknown) => {
    // Refusals are answers.
    if (!(error instanceof DatabaseError && error.code?.startsWith('PT4'))) throw error
  })
}

const DUTIES = [work, work, work, reconcile, reportLate, meddle, depleteCredits]

/** Everything works again; time passes until nothing is left to do. */
const calmDown = async (tx: Tx, world: World) => {
  await tx.query(
    `update public.accounts set status = 'active', paused_at = null where status <> 'active'`,
  )
  for (let round = 0; round < 40; round += 1) {
    world.seconds += 60
    await tick(tx, at(world.seconds))
    await reconcile(tx, world)
    await work(tx, world, true)
    await work(tx, world, true)
    await work(tx, world, true)
  }
}

test('no segment is taken twice, no post is stranded, and nobody waits for ever', async () => {
  const tx = await connect()
  const world: World = { x: imagineX(random), accounts: [], posts: [], late: [], seconds: 0 }
  for (let index = 0; index < ACCOUNTS; index += 1) {
    const account = await connectAccount(tx, world.accounts[0]?.person)
    world.accounts.push(account)
    for (let number = 0; number < POSTS; number += 1) {
      const texts = number === 0 ? ['one', 'two', 'three'] : undefined
      world.posts.push(await schedulePost(tx, account, { texts, latePolicy: 'publish' }))
    }
  }

  const outcomes = await race(5, async (client, index) => {
    for (let step = 0; step < STEPS; step += 1) {
      world.seconds += 2
      if (index === 0) await tick(client, at(world.seconds))
      else await among(DUTIES)(client, world)
    }
  })
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
  await calmDown(tx, world)

  const doubled = [...world.x.taken].filter(([, remoteIds]) => remoteIds.length > 1)
  expect(doubled).toEqual([])
  const { rows } = await tx.query(
    `select id, status, failure from public.posts where id = any ($1) and status <> 'published'`,
    [world.posts],
  )
  const unresolved = rows.filter(({ failure }) => failure?.slug !== 'not-on-x')
  expect(unresolved).toEqual([])
}, 90_000)

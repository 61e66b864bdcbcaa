import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { POST, sendDue, setLimit } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  eventTypes,
  go,
  NOW,
  readPost,
  schedulePost,
  tick as tickPublishing,
} from '../../helpers/publishing.ts'

const twoPosts = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const posts = [await schedulePost(tx, account), await schedulePost(tx, account, { due: at(1) })]
  return { account, posts: posts as [string, string] }
}

/** Both heartbeats: that of publishing, and that of limits. */
const tick = async (tx: Tx, now: Date) => {
  await tickPublishing(tx, now)
  await tx.query('select private.limits_tick($1)', [now])
}

const lanesAt = async (tx: Tx, seconds: number) =>
  (await claimJobs(tx, { now: at(seconds) })).lanes.map((lane) => lane.account_id)

const budgetEvents = async (tx: Tx, account: Account) =>
  (await eventTypes(tx, account.person.workspaceId)).filter((type) => type !== 'budget.changed')

const cancel = async (tx: Tx, account: Account, post: string) => {
  await actFor(tx, account)
  await tx.query('select public.cancel_post($1)', [post])
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
}

test('a limit below what is committed refuses the Go of what was claimed before', () =>
  withTx(async (tx) => {
    const { account, posts } = await twoPosts(tx)
    const { claimId } = await claimJobs(tx)
    await setLimit(tx, account, POST, NOW)
    expect(await go(tx, claimId, [posts[0]])).toEqual([])
    expect(await lanesAt(tx, 2)).toEqual([])
    expect(await budgetEvents(tx, account)).toEqual(['budget.exhausted'])
  }))

test('raising it lets everything go out, in order', () =>
  withTx(async (tx) => {
    const { account, posts } = await twoPosts(tx)
    await setLimit(tx, account, POST, NOW)
    await setLimit(tx, account, 2 * POST, NOW)
    const { lanes } = await claimJobs(tx, { now: at(2) })
    expect(lanes[0]?.jobs.map(({ post_id }) => post_id)).toEqual(posts)
    expect(await budgetEvents(tx, account)).toEqual(['budget.exhausted', 'budget.restored'])
  }))

test('no limit at all lets everything go out', () =>
  withTx(async (tx) => {
    const { account } = await twoPosts(tx)
    await setLimit(tx, account, 0, NOW)
    expect(await lanesAt(tx, 2)).toEqual([])
    await setLimit(tx, account, null, NOW)
    expect(await lanesAt(tx, 2)).toEqual([account.id])
  }))

test('a post that is withdrawn opens the budget again with the next tick', () =>
  withTx(async (tx) => {
    const { account, posts } = await twoPosts(tx)
    await setLimit(tx, account, POST, NOW)
    await cancel(tx, account, posts[1])
    await tick(tx, at(2))
    expect(await lanesAt(tx, 2)).toEqual([account.id])
  }))

test('a post counts in the month it is due in', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    await sendDue(tx, 'accepted')
    const turn = new Date(Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() + 1, 1))
    await schedulePost(tx, account, { due: new Date(turn.getTime() + 1000) })
    await setLimit(tx, account, POST, NOW)
    await schedulePost(tx, account, { due: at(10) }).then(
      () => expect.unreachable('the month is used up'),
      (error: Error) => expect(error.message).toBe('over-budget'),
    )
  }))

test('the turn of the month opens what the old month had stopped', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { latePolicy: 'publish' })
    await schedulePost(tx, account, { latePolicy: 'publish' })
    await setLimit(tx, account, POST, NOW)
    const turn = new Date(Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() + 1, 1))
    await tick(tx, new Date(turn.getTime() - 1000))
    expect((await claimJobs(tx, { now: new Date(turn.getTime() - 1000) })).lanes).toEqual([])
    await tick(tx, turn)
    expect((await claimJobs(tx, { now: turn })).lanes).toHaveLength(1)
  }))

test('posts that come due meanwhile wait, and their late policy says so', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { lateAfterSeconds: 60 })
    await setLimit(tx, account, 0, NOW)
    await tick(tx, at(30))
    expect((await readPost(tx, post)).status).toBe('scheduled')
    await tick(tx, at(61))
    expect(await readPost(tx, post)).toMatchObject({ status: 'held', held_reason: 'budget' })
  }))

test('an account that is connected while the budget is stopped waits like the others', () =>
  withTx(async (tx) => {
    const { account } = await twoPosts(tx)
    await setLimit(tx, account, POST, NOW)
    const late = await connectAccount(tx, account.person)
    const { rows } = await tx.query(
      'select closed_by from private.account_lanes where account_id = $1',
      [late.id],
    )
    expect(rows[0].closed_by).toEqual(['budget'])
    await setLimit(tx, account, null, NOW)
    const { rows: opened } = await tx.query(
      'select closed_by from private.account_lanes where account_id = $1',
      [late.id],
    )
    expect(opened[0].closed_by).toEqual([])
  }))

test('a post that is held because of it gives back its money, and so the others may go', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { lateAfterSeconds: 60 })
    const patient = await schedulePost(tx, account, { latePolicy: 'publish' })
    await setLimit(tx, account, POST, NOW)
    await tick(tx, at(61))
    const { lanes } = await claimJobs(tx, { now: at(61) })
    expect(lanes[0]?.jobs.map(({ post_id }) => post_id)).toEqual([patient])
  }))

test('other workspaces are not stopped', () =>
  withTx(async (tx) => {
    const { account } = await twoPosts(tx)
    const other = await connectAccount(tx)
    await schedulePost(tx, other)
    await setLimit(tx, account, 0, NOW)
    expect(await lanesAt(tx, 2)).toEqual([other.id])
  }))

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  count,
  go,
  NOW,
  readPost,
  schedulePost,
  settle,
} from '../../helpers/publishing.ts'

const claimedPost = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account)
  const { claimId } = await claimJobs(tx)
  const author = () =>
    tx.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ sub: account.person.id, role: 'authenticated' }),
    ])
  await author()
  return { account, post, claimId }
}

test('allows a claimed post and commits its attempt before anything is sent', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    expect((await readPost(tx, post)).status).toBe('scheduled')

    const attempts = await go(tx, claimId, [post])

    expect(attempts).toMatchObject([{ post_id: post, position: 0, number: 1, is_last: true }])
    expect((await readPost(tx, post)).status).toBe('publishing')
    expect(await count(tx, 'private.live_attempts where post_id = $1', [post])).toBe(1)
  }))

test.each([
  ['canceled', `select public.cancel_post($1)`],
  ['unscheduled', `select public.unschedule_post($1)`],
  ['moved to later', `select public.schedule_post($1, now() + interval '2 days')`],
])('refuses a post that was %s after the claim', (_what, sql) =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    await tx.query(sql, [post])

    expect(await go(tx, claimId, [post])).toEqual([])
    expect(await count(tx, 'public.publish_attempts where post_id = $1', [post])).toBe(0)
  }),
)

test('allows a post before its instant to the worker that waits for it', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    expect(await go(tx, claimId, [post], { now: at(-0.06), runAt: NOW })).toHaveLength(1)
  }))

test('refuses a post that moved by less than a second: its worker would send it too early', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await claimedPost(tx)
    await tx.query('select public.schedule_post($1, $2)', [post, at(0.5)])

    expect(await go(tx, claimId, [post], { now: at(-0.06), runAt: NOW })).toEqual([])
    expect(await go(tx, claimId, [post], { now: NOW })).toEqual([])

    await settle(tx, claimId, [], { release: [account.id], now: NOW })
    const again = await claimJobs(tx, { now: at(0.2) })
    expect(again.lanes.flatMap(({ jobs }) => jobs)).toMatchObject([{ post_id: post }])
  }))

test('hands a claimed post out again at once when its author wants it earlier', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    await tx.query('select public.publish_post($1)', [post])

    const again = await claimJobs(tx)

    expect(again.lanes.flatMap(({ jobs }) => jobs)).toMatchObject([{ post_id: post }])
    expect(await go(tx, claimId, [post])).toEqual([])
    expect(await go(tx, again.claimId, [post])).toHaveLength(1)
  }))

test('leaves a lane alone that is being sent from, whatever is scheduled meanwhile', () =>
  withTx(async (tx) => {
    const { account, post, claimId } = await claimedPost(tx)
    const attempts = await go(tx, claimId, [post])
    await schedulePost(tx, account, { due: at(-1) })

    expect((await claimJobs(tx)).lanes).toEqual([])
    expect(attempts).toHaveLength(1)
  }))

test('sends the text as it was edited after the claim', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    await tx.query(`select public.update_post($1, '{"segments": ["newer"]}')`, [post])

    expect(await go(tx, claimId, [post])).toMatchObject([{ text: 'newer' }])
  }))

test.each([
  ['is paused', `select public.update_account($1, '{"paused": true}')`],
  ['is disconnected', `select public.disconnect_account($1)`],
  [
    'belongs to an app without credits',
    `update private.x_apps set breaker_open_until = now() + interval '1 day' where $1::uuid is not null`,
  ],
])('refuses when the account %s', (_what, sql) =>
  withTx(async (tx) => {
    const { account, post, claimId } = await claimedPost(tx)
    await tx.query(sql, [account.id])

    expect(await go(tx, claimId, [post])).toEqual([])
    expect((await readPost(tx, post)).status).toBe('scheduled')
  }),
)

test('refuses a lapsed lease and a foreign claim', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)

    expect(await go(tx, claimId, [post], { now: at(16) })).toEqual([])
    expect(await go(tx, randomUUID(), [post])).toEqual([])
  }))

test('refuses what is later than its late policy allows', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { lateAfterSeconds: 10 })
    const { claimId } = await claimJobs(tx, { now: at(5) })

    expect(await go(tx, claimId, [post], { now: at(11) })).toEqual([])
  }))

test('lets one of two Goes through, and answers a repeated one alike', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    const goId = randomUUID()

    const first = await go(tx, claimId, [post], { goId })
    const repeated = await go(tx, claimId, [post], { goId })
    const second = await go(tx, claimId, [post])

    expect(first).toHaveLength(1)
    expect(repeated).toEqual(first)
    expect(second).toEqual([])
    expect(await count(tx, 'private.live_attempts where post_id = $1', [post])).toBe(1)
  }))

test('sends nothing from a database that was restored or promoted', () =>
  withTx(async (tx) => {
    const { post, claimId } = await claimedPost(tx)
    await tx.query('update private.incarnation set timeline = timeline + 1')

    expect(await go(tx, claimId, [post])).toEqual([])
    expect((await claimJobs(tx, { now: at(20) })).lanes).toEqual([])
    await tx.query('select private.resume_publishing()')
    expect((await claimJobs(tx, { now: at(20) })).lanes).not.toEqual([])
  }))

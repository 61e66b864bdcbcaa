import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  go,
  look,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

const first = <T>(items: T[]): T => items[0] as T

/** The posts a worker would be given now, in its order; the lane is given back at once. */
const inOrder = async (tx: Tx, seconds: number) => {
  const now = at(seconds)
  const { claimId, lanes } = await claimJobs(tx, { now })
  const release = lanes.map(({ account_id }) => account_id)
  await settle(tx, claimId, [], { release, now })
  return lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
}

/** A post of an account whose next one is due four seconds later, both claimed, the first being sent. */
const twoPosts = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const patient = { latePolicy: 'publish' }
  const early = await schedulePost(tx, account, patient)
  const late = await schedulePost(tx, account, { ...patient, due: at(4) })
  const claim = await claimJobs(tx)
  expect(first(claim.lanes).jobs.map(({ post_id }) => post_id)).toEqual([early, late])
  const [attempt] = await go(tx, claim.claimId, [early])
  if (!attempt) throw new Error('the post was due')
  return { account, early, late, attempt, claimId: claim.claimId }
}

test.each([
  ['a rate window', 900],
  ['the pause after a failure', 2],
])('a post that waits for the end of %s is not overtaken', (_what, seconds) =>
  withTx(async (tx) => {
    const { account, early, late, attempt, claimId } = await twoPosts(tx)
    const until = at(seconds).toISOString()
    await settle(tx, claimId, [resultFor(attempt, 'retry', { block_account_until: until })])

    expect(await go(tx, claimId, [late], { now: at(1) })).toEqual([])
    await settle(tx, claimId, [], { release: [account.id] })
    expect(await inOrder(tx, seconds)).toEqual([early, late])
  }),
)

test('a Go just before the end of a block is allowed, so that the lane need not be claimed again', () =>
  withTx(async (tx) => {
    const { account, early, attempt, claimId } = await twoPosts(tx)
    const until = at(900).toISOString()
    const retry = resultFor(attempt, 'retry', { block_account_until: until })
    await settle(tx, claimId, [retry], { release: [account.id] })

    const again = await claimJobs(tx, { now: at(896) })
    expect(new Date(first(first(again.lanes).jobs).run_at)).toEqual(at(900))
    expect(await go(tx, again.claimId, [early], { now: at(899.8) })).toEqual([])
    expect(await go(tx, again.claimId, [early], { now: at(899.94) })).toHaveLength(1)
  }))

test('a post that waits for its app to be let in again is not overtaken', () =>
  withTx(async (tx) => {
    const { account, early, late, attempt, claimId } = await twoPosts(tx)
    const until = at(300).toISOString()
    const result = resultFor(attempt, 'retry', { block_app_until: until })
    await settle(tx, claimId, [result], { release: [account.id] })

    expect(await inOrder(tx, 299)).toEqual([early, late])
    expect((await startSending(tx, at(301))).attempts.map(({ post_id }) => post_id)).toEqual([
      early,
      late,
    ])
  }))

test('a segment that is tried again keeps the turn of its thread', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const thread = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const { claimId, attempts } = await startSending(tx)
    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { pause: '5 seconds' })
    const other = await schedulePost(tx, account, { due: at(8), latePolicy: 'publish' })
    const [second] = await go(tx, claimId, [thread], { now: at(5) })
    if (!second) throw new Error('the segment was due')
    const retry = resultFor(second, 'retry', { block_account_until: at(60).toISOString() })
    await settle(tx, claimId, [retry], { release: [account.id], now: at(6) })

    expect(await inOrder(tx, 60)).toEqual([thread, other])
  }))

test('a post nobody is sure of holds up no other, and goes first once it is to be sent again', () =>
  withTx(async (tx) => {
    const { account, early, late, attempt, claimId } = await twoPosts(tx)
    await settle(tx, claimId, [resultFor(attempt, 'unknown')])
    const sent = await go(tx, claimId, [late], { now: at(4) })
    expect(sent).toHaveLength(1)
    await settle(tx, claimId, [resultFor(first(sent), 'accepted')], { release: [account.id] })

    const next = await schedulePost(tx, account, { due: at(500), latePolicy: 'publish' })
    for (const seconds of [501, 562]) await look(tx, at(seconds), { verdict: 'absent' })
    expect(await inOrder(tx, 563)).toEqual([early, next])
  }))

test('a worker that claimed the next post meanwhile does not send it before the one that comes back', () =>
  withTx(async (tx) => {
    const { account, early, late, attempt, claimId } = await twoPosts(tx)
    await settle(tx, claimId, [resultFor(attempt, 'unknown')], { release: [account.id] })
    const claim = await claimJobs(tx, { now: at(1) })
    expect(first(claim.lanes).jobs.map(({ post_id }) => post_id)).toEqual([late])

    // Late evidence that nothing left: the end of its pause is within the moment Go is asked ahead.
    const until = at(4).toISOString()
    await settle(tx, claimId, [resultFor(attempt, 'retry', { block_account_until: until })], {
      now: at(2),
    })

    expect(await go(tx, claim.claimId, [late], { now: at(3.95), runAt: at(4) })).toEqual([])
    expect(await inOrder(tx, 4)).toEqual([early, late])
  }))

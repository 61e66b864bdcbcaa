import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  connectAccount,
  count,
  go,
  readPost,
  resultFor,
  schedulePost,
  settle,
  tick,
} from '../../helpers/publishing.ts'

/** A worker that sends the first of two posts of an account, and holds another account's lane. */
const workerAtWork = async (tx: Tx) => {
  const workerId = randomUUID()
  const [account, idle] = [await connectAccount(tx), await connectAccount(tx)]
  const sent = await schedulePost(tx, account, { latePolicy: 'publish' })
  const next = await schedulePost(tx, account, { due: at(1), latePolicy: 'publish' })
  const held = await schedulePost(tx, idle, { latePolicy: 'publish' })
  const claim = await claimJobs(tx, { workerId })
  const [attempt] = await go(tx, claim.claimId, [sent])
  if (!attempt) throw new Error('Go allowed nothing')
  const beat = (now: Date) => tx.query('select service.keep_worker($1, $2)', [workerId, now])
  return { workerId, claim, attempt, sent, next, held, beat }
}

const statusOf = async (tx: Tx, post: string) => (await readPost(tx, post)).status

test('what a silent worker was sending is unconfirmed after ten seconds, and the rest is free', () =>
  withTx(async (tx) => {
    const { sent, next, held } = await workerAtWork(tx)

    await tick(tx, at(9))
    expect(await statusOf(tx, sent)).toBe('publishing')
    await tick(tx, at(11))

    expect(await statusOf(tx, sent)).toBe('unconfirmed')
    const again = await claimJobs(tx, { now: at(11) })
    const claimed = again.lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
    expect(claimed.sort()).toEqual([next, held].sort())
  }))

test('a worker that says it lives keeps what it is sending', () =>
  withTx(async (tx) => {
    const { sent, beat } = await workerAtWork(tx)

    await beat(at(8))
    await tick(tx, at(16))

    expect(await statusOf(tx, sent)).toBe('publishing')
  }))

test('a worker given up too early sends nothing more, and what it reports is adopted', () =>
  withTx(async (tx) => {
    const { claim, attempt, sent, held } = await workerAtWork(tx)
    await tick(tx, at(11))

    expect(await go(tx, claim.claimId, [held], { now: at(12) })).toEqual([])
    await settle(tx, claim.claimId, [resultFor(attempt, 'accepted')], { now: at(12) })

    expect(await statusOf(tx, sent)).toBe('published')
    expect(await count(tx, 'private.live_attempts')).toBe(0)
  }))

test('a worker that takes no more keeps what is under way, until it is done', () =>
  withTx(async (tx) => {
    const { workerId, sent, beat } = await workerAtWork(tx)
    const leave = (isDone: boolean) =>
      tx.query('select service.leave_worker($1, $2)', [workerId, isDone])

    await leave(false)
    await beat(at(8))
    await tick(tx, at(12))
    expect(await statusOf(tx, sent)).toBe('publishing')

    await leave(true)
    expect(await count(tx, 'private.publish_workers where id = $1', [workerId])).toBe(0)
  }))

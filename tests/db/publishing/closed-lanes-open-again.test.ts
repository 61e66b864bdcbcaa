import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  claimJobs,
  connectAccount,
  count,
  go,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'

const first = <T>(items: T[]): T => items[0] as T

const depleteCredits = async (tx: Tx): Promise<Account> => {
  const account = await connectAccount(tx)
  await schedulePost(tx, account, { latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(tx)
  const result = resultFor(first(attempts), 'retry', {
    block_app_until: at(300).toISOString(),
  })
  await settle(tx, claimId, [result], { release: [account.id] })
  return account
}

const lanesAt = async (tx: Tx, seconds: number) =>
  (await claimJobs(tx, { now: at(seconds) })).lanes.map((lane) => lane.account_id)

test('keeps an account that is connected while its app may not send closed as well', () =>
  withTx(async (tx) => {
    const before = await depleteCredits(tx)
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { latePolicy: 'publish' })

    expect(await lanesAt(tx, 100)).toEqual([])
    expect((await lanesAt(tx, 301)).toSorted()).toEqual([before.id, account.id].toSorted())
  }))

test('keeps an account closed that is paused and resumed while its app may not send', () =>
  withTx(async (tx) => {
    const account = await depleteCredits(tx)
    await actFor(tx, account)
    await tx.query(`select public.update_account($1, '{"paused": true}')`, [account.id])
    await tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id])

    expect(await lanesAt(tx, 100)).toEqual([])
    expect(await lanesAt(tx, 301)).toEqual([account.id])
  }))

test('sends no other post of an account into a rate window that has just closed', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    const next = await schedulePost(tx, account, { due: at(1) })
    const claim = await claimJobs(tx, { now: at(1) })
    const [attempt] = await go(tx, claim.claimId, [first(first(claim.lanes).jobs).post_id])
    const accepted = resultFor(attempt as NonNullable<typeof attempt>, 'accepted', {
      block_account_until: at(900).toISOString(),
    })
    await settle(tx, claim.claimId, [accepted])

    expect(await go(tx, claim.claimId, [next], { now: at(2) })).toEqual([])
    await settle(tx, claim.claimId, [], { release: [account.id], now: at(2) })
    expect(await lanesAt(tx, 800)).toEqual([])
    expect(await lanesAt(tx, 900)).toEqual([account.id])
  }))

test('leaves a lane that could not begin alone for five seconds, not longer', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account)
    const { claimId } = await claimJobs(tx)

    await settle(tx, claimId, [], { skipped: [account.id] })

    expect((await claimJobs(tx, { now: at(-1) })).lanes).toEqual([])
    expect(await lanesAt(tx, 5)).toEqual([account.id])
  }))

test('a claim of a lane that others hold now changes nothing when it is given back', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    const lost = await claimJobs(tx)
    const { claimId } = await claimJobs(tx, { now: at(15) })

    await settle(tx, lost.claimId, [], { skipped: [account.id], now: at(16) })

    expect(await go(tx, claimId, [post], { now: at(17) })).toHaveLength(1)
  }))

test('one outage moves the breaker once a minute, however many results tell of it', () =>
  withTx(async (tx) => {
    for (let index = 0; index < 3; index += 1) await schedulePost(tx, await connectAccount(tx))
    const { claimId, attempts } = await startSending(tx)
    const breaker = async () =>
      first(
        (await tx.query<{ until: Date }>('select breaker_open_until as until from private.x_apps'))
          .rows,
      ).until

    for (const [index, attempt] of attempts.entries()) {
      const until = at(300 + index).toISOString()
      await settle(tx, claimId, [resultFor(attempt, 'retry', { block_app_until: until })])
      expect(await breaker()).toEqual(at(300))
    }

    expect(await count(tx, `private.alerts where kind = 'x-app-blocked'`)).toBe(1)
  }))

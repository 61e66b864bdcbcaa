import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import {
  connectX,
  leaseRefresh,
  readAccount,
  requireReauth,
  saveRefreshed,
} from '../../helpers/connections.ts'
import { withTx } from '../../helpers/database.ts'

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000)

test('one refusal asks nobody; a second one within the minute is the same one', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))

    expect(await requireReauth(tx, id, 1, { first: true })).toBe(false)
    expect(await requireReauth(tx, id, 1, { first: true, now: inMinutes(0.9) })).toBe(false)
    expect(await readAccount(tx, id)).toMatchObject({ status: 'active' })

    expect(await requireReauth(tx, id, 1, { first: true, now: inMinutes(1.1) })).toBe(true)
    expect(await readAccount(tx, id)).toMatchObject({ status: 'needs_reauth' })
  }))

test('after a refusal nobody spends the token for a minute, and then somebody tries again', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await leaseRefresh(tx, id)
    await requireReauth(tx, id, 1, { first: true })

    expect(await leaseRefresh(tx, id, { now: inMinutes(0.9) })).toMatchObject({ leased: false })
    expect(await leaseRefresh(tx, id, { now: inMinutes(1.1) })).toMatchObject({ leased: true })
  }))

test('a pair that works again after one refusal starts over', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await requireReauth(tx, id, 1, { first: true })
    await saveRefreshed(tx, id, 1, 'v1.second')

    expect(await requireReauth(tx, id, 2, { first: true, now: inMinutes(10) })).toBe(false)
  }))

test('a fresh pair that X calls wrong is not replaced: refreshing would not help', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await saveRefreshed(tx, id, 1, 'v1.second')

    const lease = (minutes: number) => leaseRefresh(tx, id, { version: 2, now: inMinutes(minutes) })
    expect(await lease(4)).toMatchObject({ leased: false, version: 2 })
    expect(await lease(6)).toMatchObject({ leased: true })
  }))

test('a pair near its end is refreshed, however fresh it is', () =>
  withTx(async (tx) => {
    const id = await connectX(tx, await signUp(tx))
    await tx.query(
      `select service.save_refreshed_tokens($1, 1, 'v1.second', now() + interval '12 minutes')`,
      [id],
    )

    expect(await leaseRefresh(tx, id, { version: 2, now: inMinutes(3) })).toMatchObject({
      leased: true,
    })
  }))

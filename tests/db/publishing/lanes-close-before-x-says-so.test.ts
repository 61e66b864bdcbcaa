import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { sendDue } from '../../helpers/money.ts'
import {
  type Account,
  at,
  claimJobs,
  connectAccount,
  count,
  NOW,
  schedulePost,
} from '../../helpers/publishing.ts'

const limit = (tx: Tx, column: string, value: number | null) =>
  tx.query(`update private.x_apps set ${column} = $1`, [value])

const lane = async (tx: Tx, account: Account) =>
  (await tx.query('select * from private.account_lanes where account_id = $1', [account.id]))
    .rows[0]

/** Sends one post at each of these moments; tells which of them went out. */
const sendAt = async (tx: Tx, account: Account, moments: number[]) => {
  const sent: number[] = []
  for (const seconds of moments) {
    await schedulePost(tx, account, { due: at(seconds), latePolicy: 'publish' })
    if ((await sendDue(tx, 'accepted', at(seconds))).length > 0) sent.push(seconds)
  }
  return sent
}

test('sends as many in a window as X lets an account, and the next one when it ends', () =>
  withTx(async (tx) => {
    await limit(tx, 'posts_per_15_min', 3)
    const account = await connectAccount(tx)
    expect(await sendAt(tx, account, [0, 10, 20, 30, 880])).toEqual([0, 10, 20])
    expect((await lane(tx, account)).blocked_until).toEqual(at(900))
    expect((await claimJobs(tx, { now: at(890) })).lanes).toEqual([])
    expect(await sendDue(tx, 'accepted', at(900))).toHaveLength(2)
  }))

test('a window begins with its first post, and an idle account starts anew', () =>
  withTx(async (tx) => {
    await limit(tx, 'posts_per_15_min', 2)
    const account = await connectAccount(tx)
    expect(await sendAt(tx, account, [0, 1000, 1001, 1002])).toEqual([0, 1000, 1001])
    expect(await lane(tx, account)).toMatchObject({ sent_15_min: 2, sent_3_h: 3, sent_24_h: 3 })
  }))

test('three hours have a limit of their own', () =>
  withTx(async (tx) => {
    await limit(tx, 'posts_per_3_h', 3)
    const account = await connectAccount(tx)
    expect(await sendAt(tx, account, [0, 1800, 3600, 5400])).toEqual([0, 1800, 3600])
    expect((await lane(tx, account)).blocked_until).toEqual(at(3 * 3600))
  }))

test('an app without limits lets its accounts send on', () =>
  withTx(async (tx) => {
    await limit(tx, 'posts_per_15_min', null)
    await limit(tx, 'posts_per_3_h', null)
    const account = await connectAccount(tx)
    const moments = Array.from({ length: 12 }, (_, index) => index)
    expect(await sendAt(tx, account, moments)).toEqual(moments)
  }))

test('one account that is at its limit holds up no other', () =>
  withTx(async (tx) => {
    await limit(tx, 'posts_per_15_min', 1)
    const [busy, other] = [await connectAccount(tx), await connectAccount(tx)]
    expect(await sendAt(tx, busy, [0, 1])).toEqual([0])
    expect(await sendAt(tx, other, [2])).toEqual([2])
  }))

test('an app that has sent its 24 hours is closed until the first of them are over', () =>
  withTx(async (tx) => {
    await tx.query('update private.x_apps set posts_per_day = 3')
    const account = await connectAccount(tx)
    expect(await sendAt(tx, account, [0, 1])).toEqual([0, 1])
    await tx.query('select private.watch_day_caps($1)', [at(2)])
    expect(await count(tx, `private.x_apps where breaker_open_until > $1`, [NOW])).toBe(0)
    expect(await sendAt(tx, account, [3])).toEqual([3])
    await tx.query('select private.watch_day_caps($1)', [at(4)])
    const { rows } = await tx.query('select breaker_open_until as until from private.x_apps')
    expect(rows[0].until).toEqual(at(86_400))
  }))

const record = (tx: Tx, account: Account, window: object) =>
  tx.query('select service.record_rates($1, $2)', [
    JSON.stringify([
      {
        account_id: account.id,
        endpoint: 'publish',
        scope: 'account',
        seconds: 900,
        limit: 100,
        remaining: 9,
        resets_at: at(600),
        ...window,
      },
    ]),
    NOW,
  ])

const rates = async (tx: Tx, account: Account) =>
  (await tx.query('select private.account_rates($1, $2) as rates', [account.id, at(1)])).rows[0]
    .rates as { scope: string; seconds: number; limit: number; remaining: number; source: string }[]

test('shows what an account may still send, by its own counts', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await sendAt(tx, account, [0])
    expect(await rates(tx, account)).toMatchObject([
      { endpoint: 'publish', scope: 'account', seconds: 900, limit: 100, remaining: 99 },
      { endpoint: 'publish', scope: 'account', seconds: 10_800, limit: 300, remaining: 299 },
      { endpoint: 'publish', scope: 'account', seconds: 86_400, limit: null, used: 1 },
      { endpoint: 'remove', scope: 'account', seconds: 900, limit: 50, remaining: 50 },
      { endpoint: 'publish', scope: 'app', seconds: 86_400, limit: 10_000, remaining: 9_999 },
      { endpoint: 'schedule', scope: 'app', seconds: 86_400, limit: 10_000, remaining: 9_999 },
    ])
    expect(new Set((await rates(tx, account)).map(({ source }) => source))).toEqual(
      new Set(['own']),
    )
  }))

test('shows what the app of the account has sent, whoever sent it and whatever day it was meant for', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const other = await connectAccount(tx)
    await sendAt(tx, account, [0])
    await sendAt(tx, other, [0])
    await tx.query('delete from private.app_days')
    const app = (await rates(tx, account)).filter(({ scope }) => scope === 'app')
    expect(app).toMatchObject([
      { endpoint: 'publish', used: 2, remaining: 9_998, resets_at: expect.any(String) },
      { endpoint: 'schedule', used: 0, remaining: 10_000 },
    ])
  }))

test('and what X said, whatever the order its answers came in', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const network = async () =>
      (await rates(tx, account)).filter(({ source }) => source === 'network')
    await record(tx, account, { remaining: 4 })
    await record(tx, account, { remaining: 7 })
    expect(await network()).toMatchObject([{ scope: 'account', remaining: 4 }])
    await record(tx, account, { remaining: 8, resets_at: at(1500) })
    await record(tx, account, { scope: 'app', seconds: 86_400, remaining: 1 })
    expect(await network()).toMatchObject([
      { scope: 'account', remaining: 8 },
      { scope: 'app', remaining: 1 },
    ])
  }))

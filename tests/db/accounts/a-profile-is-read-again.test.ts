import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  count,
  eventTypes,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const row = async (tx: Tx, account: Account) =>
  (await tx.query('select * from public.accounts where id = $1', [account.id])).rows[0]

const save = async (tx: Tx, account: Account, changes: object = {}) => {
  const { remote_user_id, twitter_username, display_name, text_limit } = await row(tx, account)
  const profile = { remote_user_id, twitter_username, display_name, text_limit, ...changes }
  return ['select service.save_profile($1, $2, $3)', [account.id, profile, at(60)]] as const
}

test('keeps what is new, tells of it once, and pays for every look', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query('delete from private.cost_log')
    const before = await row(tx, account)
    const renamed = { twitter_username: 'renamed', text_limit: 25_000 }
    for (let time = 0; time < 2; time += 1) {
      const [sql, values] = await save(tx, account, renamed)
      await tx.query(sql, [...values])
    }
    expect(await row(tx, account)).toMatchObject({
      ...renamed,
      profile_read_at: at(60),
      version: before.version + 1,
    })
    const told = (await eventTypes(tx, account.id)).filter((type) => type === 'account.updated')
    expect(told).toHaveLength(1)
    expect(await count(tx, `private.cost_log where action = 'user_read'`)).toBe(2)
  }))

test('takes no profile of another account for its own', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [sql, values] = await save(tx, account, {
      remote_user_id: '1',
      twitter_username: 'other',
    })
    expect(await refusalOf(tx, sql, [...values])).toMatchObject({ code: 'PT409' })
    expect((await row(tx, account)).twitter_username).not.toBe('other')
  }))

test('is asked for again after a minute, and not before', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query('update public.accounts set profile_read_at = $1', [at(0)])
    await actFor(tx, account)
    const isDue = async (seconds: number) =>
      (
        await tx.query('select private.start_profile_refresh($1, $2) as asked', [
          account.id,
          at(seconds),
        ])
      ).rows[0].asked.is_due
    expect([await isDue(59), await isDue(60)]).toEqual([false, true])
  }))

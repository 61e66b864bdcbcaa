import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  count,
  eventTypes,
  readPost,
  resultFor,
  schedulePost,
  settle,
  startSending,
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

test('is asked for once a minute, whoever asks and whether X answered or not', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const set = 'update public.accounts set profile_read_at = $1, profile_asked_at = $1'
    await tx.query(set, [at(0)])
    await actFor(tx, account)
    const ask = async (seconds: number) => {
      const sql = 'select private.start_profile_refresh($1, $2) as asked'
      const { is_due, is_known } = (await tx.query(sql, [account.id, at(seconds)])).rows[0].asked
      return [is_due, is_known]
    }
    expect(await ask(59)).toEqual([false, true])
    expect(await ask(60)).toEqual([true, true])
    expect(await ask(61)).toEqual([false, false])
    const [sql, values] = await save(tx, account)
    await tx.query(sql, [...values])
    expect(await ask(62)).toEqual([false, true])
    expect(await ask(120)).toEqual([true, true])
  }))

test('is not asked for while the operator holds the workspace', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(`select private.suspend_workspace($1, 'x')`, [account.person.workspaceId])
    await actFor(tx, account)
    expect(
      await refusalOf(tx, 'select public.start_profile_refresh($1)', [account.id]),
    ).toMatchObject({ message: 'workspace-suspended' })
  }))

test('of an account that was disconnected meanwhile changes nothing', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [sql, values] = await save(tx, account, { twitter_username: 'renamed' })
    await actFor(tx, account)
    await tx.query('select public.disconnect_account($1)', [account.id])
    await tx.query(sql, [...values])
    expect((await row(tx, account)).twitter_username).not.toBe('renamed')
    expect((await eventTypes(tx, account.id)).at(-1)).toBe('account.disconnected')
  }))

const learnsFrom = async (tx: Tx, text: string): Promise<number> => {
  const account = await connectAccount(tx)
  await tx.query('update public.accounts set text_limit = 25000 where id = $1', [account.id])
  const post = await schedulePost(tx, account, { texts: [text] })
  const { claimId, attempts } = await startSending(tx)
  const error = { slug: 'text-too-long', detail: 'x', who: 'author', remedy: 'y' }
  await settle(
    tx,
    claimId,
    attempts.map((attempt) => resultFor(attempt, 'refused', { error })),
    { release: [account.id] },
  )
  expect((await readPost(tx, post)).status).toBe('failed')
  return (await row(tx, account)).text_limit
}

test('X teaches what an account may write by what it calls too long, where that was within the limit', () =>
  withTx(async (tx) => {
    expect(await learnsFrom(tx, 'a'.repeat(281))).toBe(280)
    expect(await learnsFrom(tx, 'a'.repeat(280))).toBe(25_000)
    expect(await learnsFrom(tx, 'a'.repeat(25_001))).toBe(25_000)
  }))

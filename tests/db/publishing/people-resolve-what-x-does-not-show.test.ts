import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  connectAccount,
  count,
  look,
  readPost,
  readSegments,
  rescue,
  schedulePost,
  startSending,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const unconfirmed = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish' })
  await startSending(tx)
  await rescue(tx, at(30))
  await actFor(tx, account)
  return { account, post }
}

const check = (tx: Tx, post: string, remoteId: string, sentAt: Date | null, now = new Date()) =>
  tx.query('select service.check_remote_id($1, $2, $3, p_now => $4)', [post, remoteId, sentAt, now])

const resolve = (tx: Tx, post: string, remoteId: string | null) =>
  tx.query('select public.resolve_post($1, $2)', [post, remoteId])

/** Rejects as it would, and leaves the transaction usable. */
const refusal = async (tx: Tx, run: () => Promise<unknown>): Promise<string> => {
  await tx.query('savepoint before')
  try {
    await run()
    return 'no refusal'
  } catch (error) {
    return (error as Error).message
  } finally {
    await tx.query('rollback to savepoint before')
  }
}

test('takes an id only after X was asked whose it is, once, and soon after', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    expect(await refusal(tx, () => resolve(tx, post, '42'))).toBe('remote-id-unchecked')

    await check(tx, post, '43', at(1))
    expect(await refusal(tx, () => resolve(tx, post, '42'))).toBe('remote-id-unchecked')
    await check(tx, post, '42', at(1), new Date(Date.now() - 660_000))
    expect(await refusal(tx, () => resolve(tx, post, '42'))).toBe('remote-id-unchecked')

    await check(tx, post, '42', at(1))
    await resolve(tx, post, '42')
    expect(await readPost(tx, post)).toMatchObject({ status: 'published', published_at: at(1) })
    expect(await readSegments(tx, post)).toMatchObject([{ remote_id: '42' }])
    expect(await count(tx, 'private.checked_remote_ids')).toBe(0)
  }))

test('never takes an id that belongs to another post', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query(`insert into private.remote_posts values ('x', '42', $1, 0)`, [randomUUID()])
    await check(tx, post, '42', at(1))

    expect(await refusal(tx, () => resolve(tx, post, '42'))).toBe('remote-id-taken')
  }))

test('tells whose post it would have to be, to editors of an unconfirmed post only', () =>
  withTx(async (tx) => {
    const { account, post } = await unconfirmed(tx)
    const { rows } = await tx.query<{ asked: object }>(
      'select public.start_resolving($1) as asked',
      [post],
    )
    expect(rows[0]?.asked).toMatchObject({
      account_id: account.id,
      status: 'active',
      sending_at: expect.any(String),
    })

    await check(tx, post, '42', at(1))
    await resolve(tx, post, '42')
    const again = () => tx.query('select public.start_resolving($1)', [post])
    expect(await refusal(tx, again)).toBe('nothing-to-resolve')
  }))

test('what a person called absent is adopted all the same when X shows it', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query(`update private.live_attempts set sending_at = now() - interval '421 seconds'`)
    await resolve(tx, post, null)
    expect((await readPost(tx, post)).status).toBe('failed')

    await tx.query('update private.given_up_attempts set next_look_at = $1', [at(900)])
    await look(tx, at(900), { verdict: 'found', remote_id: '42', sent_at: at(1) })

    expect((await readPost(tx, post)).status).toBe('published')
    expect(await count(tx, `private.alerts where kind = 'accepted-after-absent'`)).toBe(1)
  }))

test('who tries again what nobody is sure of is sent to resolve, whatever else is in the way', () =>
  withTx(async (tx) => {
    const { account, post } = await unconfirmed(tx)
    await tx.query(`update public.accounts set status = 'needs_reauth' where id = $1`, [account.id])

    const refused = await refusalOf(tx, 'select public.review_post($1)', [
      { post_id: post, scheduled_at: 'now' },
    ])

    expect(refused).toMatchObject({
      message: 'outcome-unknown',
      hint: expect.stringMatching(/\/resolve/),
    })
  }))

import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimLooks,
  connectAccount,
  count,
  look,
  readPost,
  rescue,
  resultFor,
  schedulePost,
  settle,
  settleLooks,
  startSending,
} from '../../helpers/publishing.ts'

const first = <T>(items: T[]): T => items[0] as T

const unconfirmed = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish' })
  const { claimId, attempts } = await startSending(tx)
  await rescue(tx, at(30))
  return { account, post, claimId, attempt: first(attempts) }
}

const lookAgainAt = (tx: Tx, seconds: number) =>
  tx.query('update private.live_attempts set next_look_at = $1', [at(seconds)])

const absentCount = async (tx: Tx) =>
  first(
    (await tx.query<{ absent_count: number }>('select absent_count from private.live_attempts'))
      .rows,
  ).absent_count

test('a look that began before the quiet time proves nothing, however late it is reported', () =>
  withTx(async (tx) => {
    await unconfirmed(tx)
    await lookAgainAt(tx, 415)
    const looks = await claimLooks(tx, at(415))

    await settleLooks(
      tx,
      looks.map((open) => ({ ...open, verdict: 'absent' })),
      at(425),
    )

    expect(await absentCount(tx)).toBe(0)
  }))

test('one look counts once, however often and however late its verdict is reported', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await lookAgainAt(tx, 430)
    const slow = await claimLooks(tx, at(430))
    const taken = await claimLooks(tx, at(491))
    const absent = (looks: typeof slow) => looks.map((open) => ({ ...open, verdict: 'absent' }))

    await settleLooks(tx, absent(slow), at(492))
    expect(await absentCount(tx)).toBe(0)
    await settleLooks(tx, absent(taken), at(493))
    await settleLooks(tx, absent(taken), at(494))

    expect(await absentCount(tx)).toBe(1)
    expect((await readPost(tx, post)).status).toBe('unconfirmed')
  }))

test('a find is evidence even when its look has lapsed', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await lookAgainAt(tx, 60)
    const slow = await claimLooks(tx, at(60))
    await claimLooks(tx, at(121))

    const found = { verdict: 'found', remote_id: '5', sent_at: at(1) }
    await settleLooks(
      tx,
      slow.map((open) => ({ ...open, ...found })),
      at(122),
    )

    expect((await readPost(tx, post)).status).toBe('published')
  }))

test('looks ever more rarely for what is found but belongs to another segment', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query(`insert into private.remote_posts values ('x', '5', gen_random_uuid(), 0)`)
    for (const seconds of [500, 600, 700]) {
      await look(tx, at(seconds), { verdict: 'found', remote_id: '5', sent_at: at(1) })
    }

    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    expect(await claimLooks(tx, at(700 + 60))).toEqual([])
    expect(await claimLooks(tx, at(700 + 120))).toHaveLength(1)
  }))

const refusedAsDuplicate = async (tx: Tx) => {
  const { post } = await unconfirmed(tx)
  await look(tx, at(421), { verdict: 'absent' })
  await look(tx, at(480), { verdict: 'absent' })
  const { claimId, attempts } = await startSending(tx, at(500))
  const error = { slug: 'duplicate-content', detail: 'Twice.', who: 'author', remedy: 'Change it.' }
  await settle(tx, claimId, [resultFor(first(attempts), 'unknown', { error })], { now: at(501) })
  return post
}

test('after a second attempt was refused as a duplicate, it looks back to the first', () =>
  withTx(async (tx) => {
    await refusedAsDuplicate(tx)

    const looks = await claimLooks(tx, at(600))

    expect(new Date(first(looks).sending_at)).toEqual(at(0))
  }))

test('a duplicate that X never shows proves nothing: it is neither failed nor sent again', () =>
  withTx(async (tx) => {
    const post = await refusedAsDuplicate(tx)

    await look(tx, at(921), { verdict: 'absent' })
    await look(tx, at(1000), { verdict: 'absent' })

    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: { slug: 'duplicate-not-shown', who: 'author' },
    })
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
  }))

test('tells the author when only a person can decide', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await tx.query('update public.workspaces set resend_when_absent = false')
    await look(tx, at(421), { verdict: 'absent' })
    await look(tx, at(480), { verdict: 'absent' })

    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: { slug: 'not-on-x', who: 'author' },
    })
  }))

test('asks nobody for a disconnected account, and looks as soon as it is connected again', () =>
  withTx(async (tx) => {
    const { account, post } = await unconfirmed(tx)
    await actFor(tx, account)
    await tx.query('select public.disconnect_account($1)', [account.id])

    expect(await claimLooks(tx, at(60))).toEqual([])
    expect(await claimLooks(tx, at(600))).toEqual([])
    expect(
      await count(tx, `private.live_attempts where post_id = $1 and next_look_at < 'infinity'`, [
        post,
      ]),
    ).toBe(1)
    await tx.query(
      `select service.connect_account(to_jsonb(accounts) || jsonb_build_object(
         'encrypted_tokens', 'v1.test.iv.new', 'expires_at', now() + interval '2 hours', 'scopes', '[]'::jsonb
       )) from public.accounts where id = $1`,
      [account.id],
    )
    expect(await claimLooks(tx, at(600))).toMatchObject([{ post_id: post }])
  }))

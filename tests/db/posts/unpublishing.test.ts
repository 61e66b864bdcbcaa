import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { committed, expectLedgerAddsUp, holdsOf, POST, placesTaken } from '../../helpers/money.ts'
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

type Removal = { post_id: string; segments: { position: number; remote_id: string }[] }

/** A thread of two that is on X. */
const published = async (tx: Tx): Promise<{ account: Account; post: string }> => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
  for (const [seconds, remote_id] of [
    [0, '11'],
    [60, '12'],
  ] as const) {
    const { claimId, attempts } = await startSending(tx, at(seconds))
    const results = attempts.map((attempt) => resultFor(attempt, 'accepted', { remote_id }))
    await settle(tx, claimId, results, { release: [account.id], now: at(seconds + 1) })
  }
  expect((await readPost(tx, post)).status).toBe('published')
  await actFor(tx, account)
  return { account, post }
}

const claim = async (tx: Tx, seconds: number): Promise<Removal[]> =>
  (
    await tx.query<{ removals: Removal[] }>(
      `select service.claim_removals(p_now => $1) -> 'removals' as removals`,
      [at(seconds)],
    )
  ).rows[0]?.removals ?? []

const settleRemoval = (
  tx: Tx,
  post: string,
  position: number,
  error: object | null = null,
  isFinal = false,
) =>
  tx.query('select service.settle_removal($1, $2, $3, $4, p_now => $5)', [
    post,
    position,
    error,
    isFinal,
    at(5000),
  ])

const unpublish = (tx: Tx, post: string) => tx.query('select public.unpublish_post($1)', [post])

const removedAt = async (tx: Tx, post: string) =>
  (
    await tx.query<{ is_gone: boolean }>(
      'select removed_at is not null as is_gone from public.post_segments where post_id = $1 order by position',
      [post],
    )
  ).rows.map((row) => row.is_gone)

test('asks for every segment, the last one first; the post stays published and says when it was gone', () =>
  withTx(async (tx) => {
    const { post } = await published(tx)
    await unpublish(tx, post)
    await unpublish(tx, post)
    expect(await count(tx, 'private.removals')).toBe(1)

    const [removal] = await claim(tx, 4000)
    expect(removal?.segments).toEqual([
      { position: 1, remote_id: '12' },
      { position: 0, remote_id: '11' },
    ])
    expect(await claim(tx, 4060)).toEqual([])

    await settleRemoval(tx, post, 1)
    expect(await removedAt(tx, post)).toEqual([false, true])
    expect(await readPost(tx, post)).toMatchObject({ status: 'published', unpublished_at: null })

    await settleRemoval(tx, post, 0)
    await settleRemoval(tx, post, 0)
    expect(await readPost(tx, post)).toMatchObject({
      status: 'published',
      unpublished_at: at(5000),
    })
    expect(await count(tx, 'private.removals')).toBe(0)
    expect((await eventTypes(tx, post)).filter((type) => type === 'post.deleted')).toHaveLength(1)

    await unpublish(tx, post)
    expect(await count(tx, 'private.removals')).toBe(0)
    expect((await tx.query('select private.ledger_faults()')).rows).toEqual([])
  }))

test('a worker that dies leaves the rest to the next one', () =>
  withTx(async (tx) => {
    const { post } = await published(tx)
    await unpublish(tx, post)
    await claim(tx, 4000)
    await settleRemoval(tx, post, 1)
    expect((await claim(tx, 4200))[0]?.segments).toEqual([{ position: 0, remote_id: '11' }])
  }))

test('what X refuses to delete is shown, and tried again only when asked for', () =>
  withTx(async (tx) => {
    const { post } = await published(tx)
    await unpublish(tx, post)
    await claim(tx, 4000)
    await settleRemoval(tx, post, 1)
    const no = { slug: 'not-permitted', detail: 'No.', who: 'account', remedy: 'Ask X.' }
    await settleRemoval(tx, post, 0, no, true)

    expect(await readPost(tx, post)).toMatchObject({
      status: 'published',
      failure: { ...no, segment: 0 },
    })
    expect(await claim(tx, 90_000)).toEqual([])
    expect(await eventTypes(tx, post)).toContain('post.unpublish_failed')

    await unpublish(tx, post)
    expect(await readPost(tx, post)).toMatchObject({ failure: null })
    expect((await claim(tx, 90_000))[0]?.segments).toEqual([{ position: 0, remote_id: '11' }])
  }))

/** A thread of two of which X has the first; the second waits for the account. */
const waiting = async (tx: Tx): Promise<{ account: Account; post: string }> => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts: ['one', 'two'] })
  const { claimId, attempts } = await startSending(tx)
  const accepted = attempts.map((attempt) => resultFor(attempt, 'accepted', { remote_id: '11' }))
  await settle(tx, claimId, accepted, { release: [account.id] })
  await actFor(tx, account)
  await tx.query(`select public.update_account($1, '{"paused": true}')`, [account.id])
  await tx.query('select private.tick($1)', [at(120)])
  expect((await readPost(tx, post)).status).toBe('partially_published')
  return { account, post }
}

test('a waiting thread whose begin its owner deleted on X keeps neither money nor place for the rest', () =>
  withTx(async (tx) => {
    const { account, post } = await waiting(tx)
    await tx.query(`select private.note_removed($1, 0::smallint, '11', $2)`, [post, at(300)])

    expect(await readPost(tx, post)).toMatchObject({ unpublished_at: at(300) })
    expect(await holdsOf(tx, post)).toMatchObject([
      { settled: POST, released: POST, places: 1, is_open: false },
    ])
    expect([await committed(tx, account.person), await placesTaken(tx)]).toEqual([POST, 1])
    await expectLedgerAddsUp(tx)
  }))

test('of a thread that stopped half way, what is on X goes and the rest is never sent', () =>
  withTx(async (tx) => {
    const { account, post } = await waiting(tx)
    await unpublish(tx, post)
    await tx.query(`select public.update_account($1, '{"paused": false}')`, [account.id])
    expect((await startSending(tx, at(600))).attempts).toEqual([])
    for (const verb of ['resume_post', 'drop_remainder']) {
      expect(await refusalOf(tx, `select public.${verb}($1)`, [post])).toMatchObject({
        code: 'PT409',
        message: 'illegal-transition',
      })
    }
    expect((await claim(tx, 4000))[0]?.segments).toHaveLength(1)
    expect((await tx.query('select private.ledger_faults()')).rows).toEqual([])
  }))

test('an account that is disconnected meanwhile deletes nothing until it is connected again', () =>
  withTx(async (tx) => {
    const { account, post } = await published(tx)
    await unpublish(tx, post)
    await tx.query('select public.disconnect_account($1)', [account.id])
    expect(await claim(tx, 4000)).toEqual([])
    expect(await claim(tx, 4120)).toEqual([])
    expect(await count(tx, 'private.removals')).toBe(1)
  }))

test('nothing is promised for an account that is disconnected already', () =>
  withTx(async (tx) => {
    const { account, post } = await published(tx)
    await tx.query('select public.disconnect_account($1)', [account.id])
    expect(await refusalOf(tx, 'select public.unpublish_post($1)', [post])).toMatchObject({
      code: 'PT409',
      message: 'account-not-connected',
    })
  }))

test('an unpublished post can be duplicated, and the copy is a draft of its own', () =>
  withTx(async (tx) => {
    const { post } = await published(tx)
    await unpublish(tx, post)
    const { rows } = await tx.query<{ copy: { id: string; status: string; content: string } }>(
      'select public.duplicate_post($1) as copy',
      [post],
    )
    expect(rows[0]?.copy).toMatchObject({ status: 'draft', content: 'one\n\ntwo' })
    expect(rows[0]?.copy.id).not.toBe(post)
  }))

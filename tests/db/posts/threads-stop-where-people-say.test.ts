import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  count,
  eventTypes,
  go,
  readPost,
  readSegments,
  resultFor,
  schedulePost,
  settle,
  startSending,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const first = <T>(items: T[]): T => items[0] as T

/** A thread of three: X has the first segment and refused the second. */
const broken = async (tx: Tx, error?: object): Promise<{ account: Account; post: string }> => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { texts: ['one', 'two', 'three'] })
  const { claimId, attempts } = await startSending(tx)
  await settle(tx, claimId, [resultFor(first(attempts), 'accepted', { remote_id: '11' })], {
    release: [account.id],
  })
  const second = (await startSending(tx, at(60))).attempts
  const refused = resultFor(first(second), 'refused', error ? { error: error as never } : {})
  await settle(tx, claimId, [refused], { release: [account.id], now: at(61) })
  await actFor(tx, account)
  return { account, post }
}

const textsOf = async (tx: Tx, post: string) =>
  (
    await tx.query<{ text: string }>(
      'select text from public.post_segments where post_id = $1 order by position',
      [post],
    )
  ).rows.map(({ text }) => text)

/** What of money and places does not add up. */
const ledgerFaults = async (tx: Tx) =>
  (await tx.query('select * from private.ledger_faults() as fault')).rows

const update = (post: string, segments: unknown[]): [string, unknown[]] => [
  'select public.update_post($1, $2)',
  [post, { segments }],
]

test('given up, the rest is gone and what X has is the post', () =>
  withTx(async (tx) => {
    const { post } = await broken(tx)
    await tx.query('select public.drop_remainder($1)', [post])

    expect(await readPost(tx, post)).toMatchObject({
      status: 'published',
      content: 'one',
      failure: null,
    })
    expect(await readSegments(tx, post)).toMatchObject([{ status: 'published', remote_id: '11' }])
    expect((await eventTypes(tx, post)).at(-1)).toBe('post.published')

    const { version } = await readPost(tx, post)
    await tx.query('select public.drop_remainder($1)', [post])
    expect((await readPost(tx, post)).version).toBe(version)
    expect(await ledgerFaults(tx)).toEqual([])
  }))

test('given up while a resumed segment waits, nothing of it is sent', () =>
  withTx(async (tx) => {
    const { account, post } = await broken(tx)
    await tx.query('select public.resume_post($1)', [post])
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(1)

    await tx.query('select public.drop_remainder($1)', [post])
    expect(await count(tx, 'private.publish_jobs where post_id = $1', [post])).toBe(0)
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
    expect((await startSending(tx, at(3600))).attempts).toEqual([])
    expect(await ledgerFaults(tx)).toEqual([])
  }))

test.each([
  ['on its way', 'post-in-flight', 'publishing', async (_: Tx) => {}],
  [
    'unknown',
    'outcome-unknown',
    null,
    async (tx: Tx) => {
      await tx.query('select private.rescue_attempts(p_now => $1)', [at(600)])
    },
  ],
])('while a segment is %s, nothing can be given up or deleted', (_, slug, resumed, wait) =>
  withTx(async (tx) => {
    const { post } = await broken(tx)
    await tx.query('select public.resume_post($1)', [post])
    await tx.query('update private.publish_jobs set run_at = $1', [at(120)])
    await tx.query(
      'select private.refresh_lanes(array(select account_id from private.account_lanes))',
    )
    expect((await startSending(tx, at(120))).attempts).toHaveLength(1)
    await wait(tx)

    const refused = ['drop_remainder', 'unpublish_post', 'retry_post']
    if (resumed === null) refused.push('resume_post')
    for (const verb of refused) {
      expect(await refusalOf(tx, `select public.${verb}($1)`, [post])).toMatchObject({
        code: 'PT409',
        message: slug,
      })
    }
    expect(await refusalOf(tx, ...update(post, ['one', 'x']))).toMatchObject({
      code: 'PT409',
      message: 'post-not-editable',
    })
    if (resumed !== null) {
      const { rows } = await tx.query('select public.resume_post($1) as post', [post])
      expect(rows[0].post.status).toBe(resumed)
    }
    expect(await textsOf(tx, post)).toEqual(['one', 'two', 'three'])
  }),
)

test('what is not on X can be rewritten, and is what is sent then', () =>
  withTx(async (tx) => {
    const { account, post } = await broken(tx)
    await tx.query(...update(post, ['one', 'better', 'and', 'longer']))
    expect(await readPost(tx, post)).toMatchObject({
      status: 'partially_published',
      content: 'one\n\nbetter\n\nand\n\nlonger',
    })

    await tx.query('select public.resume_post($1)', [post])
    await tx.query('update private.publish_jobs set run_at = $1', [at(120)])
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
    expect((await startSending(tx, at(120))).attempts).toMatchObject([
      { position: 1, number: 2, text: 'better', reply_to: '11' },
    ])
    expect(await ledgerFaults(tx)).toEqual([])
  }))

test.each([
  ['another first text', ['uno', 'two'], 'Segment 0 is on X and cannot change.'],
  ['fewer segments than X has', ['one'], 'Nothing would be left to send.'],
])('%s is refused, naming what X has, and changes nothing', (_, segments, detail) =>
  withTx(async (tx) => {
    const { post } = await broken(tx)
    expect(await refusalOf(tx, ...update(post, segments))).toMatchObject({
      code: 'PT409',
      message: 'segment-on-x',
      detail,
    })
    expect(await textsOf(tx, post)).toEqual(['one', 'two', 'three'])
  }),
)

const selfReply = async (tx: Tx, account: Account) =>
  first(
    (
      await tx.query<{ is_able: boolean }>(
        'select can_self_reply as is_able from public.accounts where id = $1',
        [account.id],
      )
    ).rows,
  ).is_able

const noReply = {
  slug: 'reply-not-allowed',
  detail: 'No.',
  who: 'author',
  remedy: 'None.',
}

test('X teaches whether an account may reply to itself, and threads are refused until tried again', () =>
  withTx(async (tx) => {
    const { account, post } = await broken(tx, noReply)
    expect(await selfReply(tx, account)).toBe(false)
    expect(await eventTypes(tx, account.id)).toContain('account.updated')

    const thread = [
      'select public.create_post($1)',
      [{ account_id: account.id, segments: ['a', 'b'], scheduled_at: at(7200) }],
    ] as const
    expect(await refusalOf(tx, thread[0], [...thread[1]])).toMatchObject({
      code: 'PT409',
      message: 'self-reply-unavailable',
      hint: expect.stringContaining('can_self_reply'),
    })
    expect(await refusalOf(tx, 'select public.resume_post($1)', [post])).toMatchObject({
      message: 'self-reply-unavailable',
    })
    const single = { account_id: account.id, segments: ['a'], scheduled_at: at(7200) }
    await tx.query('select public.create_post($1)', [single])

    await tx.query(`select public.update_account($1, '{"can_self_reply": true}')`, [account.id])
    await tx.query(thread[0], [...thread[1]])
  }))

test('a reply that X takes teaches the opposite', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { texts: ['one', 'two'] })
    await tx.query('update public.accounts set can_self_reply = false')
    const { claimId, attempts } = await startSending(tx)
    await settle(tx, claimId, [resultFor(first(attempts), 'accepted')], { release: [account.id] })
    expect(await selfReply(tx, account)).toBe(false)

    const again = await startSending(tx, at(60))
    await settle(tx, again.claimId, [resultFor(first(again.attempts), 'accepted')], {
      release: [account.id],
      now: at(61),
    })
    expect(await selfReply(tx, account)).toBe(true)
  }))

test('an edit cannot make a thread for an account that may not reply to itself', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account)
    await tx.query('update public.accounts set can_self_reply = false')
    await actFor(tx, account)
    expect(await refusalOf(tx, ...update(post, ['a', 'b']))).toMatchObject({
      message: 'self-reply-unavailable',
    })
    expect(await go(tx, post, [post])).toEqual([])
  }))

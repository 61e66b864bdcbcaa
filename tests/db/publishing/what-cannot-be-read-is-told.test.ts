import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  actFor,
  at,
  claimLooks,
  connectAccount,
  eventTypes,
  look,
  readPost,
  rescue,
  schedulePost,
  startSending,
} from '../../helpers/publishing.ts'

const HOUR = 3_600

const unconfirmed = async (tx: Tx) => {
  const account = await connectAccount(tx)
  const post = await schedulePost(tx, account, { latePolicy: 'publish' })
  await startSending(tx)
  await rescue(tx, at(30))
  return { account, post }
}

const unread = (slug: string, detail: string) => ({
  verdict: 'no_evidence',
  reason: { slug, detail },
})
const refused = unread('credits-depleted', 'The X app has no credits left.')

const told = async (tx: Tx, post: string) =>
  (await eventTypes(tx, post)).filter((type) => type === 'post.unconfirmed').length

test('an hour without a verdict leaves the post to a person, who is told once and why', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, at(500), refused)
    await look(tx, at(HOUR - 1), refused)
    expect(await readPost(tx, post)).toMatchObject({ failure: { slug: 'worker-lost' } })

    await look(tx, at(HOUR), refused)
    await look(tx, at(2 * HOUR), refused)

    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: {
        slug: 'x-not-readable',
        who: 'author',
        segment: 0,
        detail: expect.stringContaining('The X app has no credits left.'),
        remedy: expect.stringContaining('POST /posts/:id/resolve'),
      },
    })
    expect(await told(tx, post)).toBe(2)
  }))

test('the hour begins anew with every look that brings a verdict', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, at(1_000), { verdict: 'absent' })
    await look(tx, at(1_000 + HOUR - 1), refused)
    expect(await readPost(tx, post)).toMatchObject({ failure: { slug: 'worker-lost' } })

    await look(tx, at(1_000 + HOUR), refused)

    expect(await readPost(tx, post)).toMatchObject({ failure: { slug: 'x-not-readable' } })
  }))

test('looks go on once an hour for a day, and adopt what they find then', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, at(HOUR), refused)

    expect(await claimLooks(tx, at(2 * HOUR - 1))).toEqual([])
    expect(await claimLooks(tx, at(2 * HOUR))).toHaveLength(1)
    await look(tx, at(24 * HOUR + 1), refused)
    expect(await claimLooks(tx, at(240 * HOUR))).toEqual([])

    await look(tx, at(241 * HOUR), { verdict: 'found', remote_id: '42', sent_at: at(1) })
    expect(await readPost(tx, post)).toMatchObject({ status: 'published', failure: null })
  }))

test('once X can be read again, what it does not have is sent again as ever', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, at(HOUR), refused)
    await look(tx, at(2 * HOUR), { verdict: 'absent' })
    expect((await readPost(tx, post)).status).toBe('unconfirmed')
    await look(tx, at(2 * HOUR + 60), { verdict: 'absent' })

    expect(await readPost(tx, post)).toMatchObject({ failure: { slug: 'not-on-x' } })
    expect((await startSending(tx, at(2 * HOUR + 61))).attempts).toMatchObject([
      { post_id: post, number: 2 },
    ])
  }))

test('what a person was told before stays so when X cannot be read any more', () =>
  withTx(async (tx) => {
    const { post } = await unconfirmed(tx)
    await look(tx, at(500), { verdict: 'ambiguous', candidates: ['1', '2'] })
    expect(await told(tx, post)).toBe(2)

    await look(tx, at(2 * HOUR), refused)

    expect(await readPost(tx, post)).toMatchObject({
      failure: { slug: 'ambiguous-on-x', detail: expect.stringContaining('1, 2') },
    })
    expect(await told(tx, post)).toBe(2)
    expect(await claimLooks(tx, at(3 * HOUR - 1))).toEqual([])
  }))

test.each([
  ['disconnected', 'The account is disconnected.'],
  ['needs_reauth', 'X refuses the tokens of the account.'],
])(
  'an account that is %s is told of, too, and looked at as soon as it is connected',
  (status, detail) =>
    withTx(async (tx) => {
      const { account, post } = await unconfirmed(tx)
      await actFor(tx, account)
      if (status === 'disconnected')
        await tx.query('select public.disconnect_account($1)', [account.id])
      else
        await tx.query('update public.accounts set status = $2 where id = $1', [account.id, status])

      for (const hours of [1, 2, 30]) expect(await claimLooks(tx, at(hours * HOUR))).toEqual([])

      expect(await readPost(tx, post)).toMatchObject({
        failure: { slug: 'x-not-readable', detail: expect.stringContaining(detail) },
      })
      expect(await told(tx, post)).toBe(2)
      await tx.query(
        `select service.connect_account(to_jsonb(accounts) || jsonb_build_object(
         'encrypted_tokens', 'v1.test.iv.new', 'expires_at', now() + interval '2 hours', 'scopes', '[]'::jsonb
       )) from public.accounts where id = $1`,
        [account.id],
      )
      expect(await claimLooks(tx, at(31 * HOUR))).toMatchObject([{ post_id: post }])
    }),
)

test('an account that cannot be asked keeps no other from being looked at', () =>
  withTx(async (tx) => {
    const { account } = await unconfirmed(tx)
    const { post } = await unconfirmed(tx)
    await tx.query(`update public.accounts set status = 'needs_reauth' where id = $1`, [account.id])
    await tx.query('update private.live_attempts set next_look_at = $2 where account_id = $1', [
      account.id,
      at(31),
    ])

    const sql = 'select service.claim_looks(1, $1) as claimed'
    const { rows } = await tx.query(sql, [at(100)])

    expect(rows).toMatchObject([{ claimed: { looks: [{ post_id: post }] } }])
  }))

import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  count,
  schedulePost,
} from '../../helpers/publishing.ts'

type Notice = { pointer: string; slug: string; detail: string; remedy: string }
type Review = { problems: Notice[]; warnings: Notice[] }

const review = async (tx: Tx, account: Account, plan: object): Promise<Review> => {
  await actFor(tx, account)
  const { rows } = await tx.query<{ review: Review }>('select public.review_post($1) as review', [
    { account_id: account.id, ...plan },
  ])
  return rows[0]?.review as Review
}

const said = async (tx: Tx, account: Account, text: string, plan: object = {}) =>
  (
    await review(tx, account, { segments: [{ text: 'unheard of' }, { text }], ...plan })
  ).warnings.map(({ pointer, slug }) => [pointer, slug])

const text = 'Our  Sale begins — café at noon'

test('is warned about: on the account as a duplicate, on others of the workspace as spam', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const other = await connectAccount(tx, account.person)
    await schedulePost(tx, account, { texts: [text] })

    expect(await said(tx, account, text)).toEqual([['/segments/1/text', 'duplicate-text']])
    expect(await said(tx, other, text)).toEqual([['/segments/1/text', 'identical-text']])
    await schedulePost(tx, other, { texts: [text] })
    expect((await said(tx, account, text)).toSorted()).toEqual([
      ['/segments/1/text', 'duplicate-text'],
      ['/segments/1/text', 'identical-text'],
    ])
  }))

test.each([
  ['case, spaces and composition', ' our sale Begins — cafe\u0301 at\nnoon ', 1],
  ['a word', 'Our Sale begins — café at one', 0],
])('texts that differ in %s', (_, variant, expected) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await schedulePost(tx, account, { texts: [text] })
    expect(await said(tx, account, variant)).toHaveLength(expected)
  }),
)

test('counts within seven days, only while it is going out or is on X, and as it is now', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await schedulePost(tx, account, { texts: [text] })
    const week = 7 * 86_400
    expect(await said(tx, account, text, { scheduled_at: at(week - 1) })).toHaveLength(1)
    expect(await said(tx, account, text, { scheduled_at: at(week + 1) })).toEqual([])
    expect(await said(tx, account, text, { post_id: post })).toEqual([])

    await tx.query('select public.schedule_post($1, $2)', [post, at(week + 60)])
    expect(await said(tx, account, text, { scheduled_at: at(week + 1) })).toHaveLength(1)

    await tx.query('select public.update_post($1, $2)', [post, { segments: ['other words'] }])
    expect(await said(tx, account, text, { scheduled_at: at(week) })).toEqual([])
    expect(await said(tx, account, 'other words', { scheduled_at: at(week) })).toHaveLength(1)

    await tx.query('select public.cancel_post($1)', [post])
    expect(await said(tx, account, 'other words', { scheduled_at: at(week) })).toEqual([])
  }))

test('nothing is told of other workspaces', () =>
  withTx(async (tx) => {
    const [account, stranger] = [await connectAccount(tx), await connectAccount(tx)]
    await schedulePost(tx, account, { texts: [text] })
    expect(await said(tx, stranger, text)).toEqual([])
  }))

test('drafts are not remembered, and what was said long ago is forgotten', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await actFor(tx, account)
    await tx.query('select public.create_post($1)', [{ account_id: account.id, segments: [text] }])
    expect(await count(tx, 'private.text_fingerprints')).toBe(0)

    await schedulePost(tx, account, { texts: [text, 'two'] })
    expect(await count(tx, 'private.text_fingerprints')).toBe(2)
    const prune = (seconds: number) =>
      tx.query('select private.prune_text_fingerprints($1)', [at(seconds)])
    await prune(7 * 86_400)
    expect(await count(tx, 'private.text_fingerprints')).toBe(2)
    await prune(7 * 86_400 + 1)
    expect(await count(tx, 'private.text_fingerprints')).toBe(0)
  }))

/** What else a review tells, and how it comes about. */
const STATES: [string, string, 'problems' | 'warnings', object?][] = [
  [
    'account-paused',
    `select public.update_account(id, '{"paused": true}') from public.accounts`,
    'warnings',
  ],
  ['account-needs-reauth', `update public.accounts set status = 'needs_reauth'`, 'warnings'],
  [
    'workspace-paused',
    `select public.update_workspace(workspace_id, '{"paused": true}') from public.accounts`,
    'warnings',
  ],
  [
    'app-blocked',
    `update private.x_apps set breaker_open_until = now() + interval '1 hour'`,
    'warnings',
  ],
  ['publishing-held', 'update private.incarnation set held_since = now()', 'warnings'],
  [
    'account-not-connected',
    'select public.disconnect_account(id) from public.accounts',
    'warnings',
  ],
  [
    'account-not-connected',
    'select public.disconnect_account(id) from public.accounts',
    'problems',
    { scheduled_at: at(60) },
  ],
  ['self-reply-unavailable', 'update public.accounts set can_self_reply = false', 'warnings'],
  [
    'self-reply-unavailable',
    'update public.accounts set can_self_reply = false',
    'problems',
    { scheduled_at: at(60) },
  ],
  [
    'workspace-suspended',
    `select private.suspend_workspace(workspace_id, 'x') from public.accounts`,
    'problems',
  ],
  ['scheduled-in-past', 'select 1', 'problems', { scheduled_at: new Date(Date.now() - 120_000) }],
]

test('an app that X refuses without an end is told without one', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query(`update private.x_apps set breaker_open_until = 'infinity'`)
    const { warnings } = await review(tx, account, { segments: [{ text: 'a' }] })
    expect(warnings).toMatchObject([{ detail: expect.stringContaining('until its owner acts') }])
  }))

test.each(STATES)('tells of %s (%s) among %s', (slug, change, kind, plan = {}) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await actFor(tx, account)
    const segments = [{ text: 'a' }, { text: 'b' }]
    expect(await review(tx, account, { segments })).toMatchObject({ problems: [], warnings: [] })

    await tx.query(change)
    const { [kind]: notices, ...rest } = await review(tx, account, { segments, ...plan })
    expect(notices).toMatchObject([
      {
        slug,
        pointer: expect.stringMatching(/^\//),
        detail: expect.any(String),
        remedy: expect.any(String),
      },
    ])
    const other = kind === 'problems' ? 'warnings' : 'problems'
    expect((rest as Partial<Review>)[other]).toEqual([])
  }),
)

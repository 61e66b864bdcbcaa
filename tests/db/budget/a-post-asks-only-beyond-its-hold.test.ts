import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import { POST, POST_WITH_URL, setLimit } from '../../helpers/money.ts'
import {
  type Account,
  actFor,
  at,
  connectAccount,
  count,
  resultFor,
  schedulePost,
  settle,
  startSending,
  tick,
} from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

type Notice = { slug: string; detail: string }
type Review = { problems: Notice[]; warnings: Notice[] }

const DEPLOYMENT = '00000000-0000-0000-0000-000000000001'

/** An hour (UTC) of the 10th, or another day, of a month to come. */
const hour = (hours: number, { day = 10, months = 2 } = {}) => {
  const today = new Date()
  return new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + months, day, hours))
}

const setCap = (tx: Tx, cap: number) =>
  tx.query('update private.x_apps set posts_per_day = $2 where id = $1', [DEPLOYMENT, cap])

/** Two posts of the same day: one to ask about, and one that takes room as well. */
const begin = async (tx: Tx, texts = ['text']) => {
  const account = await connectAccount(tx)
  await tx.query('delete from private.cost_log')
  const post = await schedulePost(tx, account, { due: hour(9), texts })
  await schedulePost(tx, account, { due: hour(10) })
  return { account, post }
}

const review = async (tx: Tx, account: Account, plan: object): Promise<Review> => {
  await actFor(tx, account)
  const { rows } = await tx.query<{ review: Review }>('select public.review_post($1) as review', [
    plan,
  ])
  return rows[0]?.review ?? { problems: [], warnings: [] }
}

/** What the review of a plan says, and what the verb does when it is asked for just that. */
const both = async (tx: Tx, account: Account, post: string, due: Date) => {
  const { problems } = await review(tx, account, { post_id: post, scheduled_at: due })
  await tx.query('savepoint attempt')
  const refused = await tx.query('select public.schedule_post($1, $2)', [post, due]).then(
    () => [],
    ({ message, detail }) => [[message, detail]],
  )
  await tx.query('rollback to savepoint attempt')
  return { foretold: problems.map(({ slug, detail }) => [slug, detail]), refused }
}

const nothing = { foretold: [], refused: [] }
const slugs = (notices: Notice[]) => notices.map(({ slug }) => slug)

test.each([
  ['to the same time', hour(9)],
  ['within its day', hour(20)],
  ['within its month', hour(9, { day: 11 })],
])('a limit below what is committed refuses no post that is moved %s', (_, due) =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx)
    await setLimit(tx, account, POST)
    expect(await both(tx, account, post, due)).toEqual(nothing)
    await setLimit(tx, account, 0)
    expect(await both(tx, account, post, due)).toEqual(nothing)
  }),
)

test.each([
  ['to the same time', hour(9)],
  ['within its day', hour(20)],
])('a cap below what is taken refuses no post that is moved %s', (_, due) =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx)
    await setCap(tx, 1)
    expect(await both(tx, account, post, due)).toEqual(nothing)
  }),
)

test('a post that moves to another month or day asks there for all it needs', () =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx, ['one', 'two'])
    await schedulePost(tx, account, { due: hour(9, { day: 12, months: 3 }) })
    const due = hour(9, { day: 12, months: 3 })

    await setLimit(tx, account, 2 * POST)
    const overBudget = await both(tx, account, post, due)
    expect(overBudget.foretold).toEqual(overBudget.refused)
    expect(overBudget.refused).toEqual([
      ['over-budget', expect.stringContaining('needs $0.03, and $0.015 of')],
    ])

    await setLimit(tx, account, null)
    await setCap(tx, 2)
    const dayFull = await both(tx, account, post, due)
    expect(dayFull.foretold).toEqual(dayFull.refused)
    expect(dayFull.refused).toEqual([['day-full', expect.stringContaining('the 2 needed')]])
  }))

test('a second click on publish is not refused for what the first has taken', () =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx)
    await actFor(tx, account)
    await tx.query('select public.publish_post($1)', [post])
    await setLimit(tx, account, 0)
    await setCap(tx, 1)
    const { problems } = await review(tx, account, { post_id: post, scheduled_at: 'now' })
    expect(problems).toEqual([])
  }))

test('a post whose hold has ended asks for its whole price again', () =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx)
    await actFor(tx, account)
    await tx.query('select public.unschedule_post($1)', [post])
    await setLimit(tx, account, POST)
    const { foretold, refused } = await both(tx, account, post, hour(9))
    expect(foretold).toEqual(refused)
    expect(refused).toMatchObject([['over-budget', expect.stringContaining('needs $0.015')]])
  }))

test('an edit is refused for what it adds, and for nothing where it takes away', () =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx, ['one', 'two'])
    await setLimit(tx, account, POST)
    await setCap(tx, 1)
    const refused = async (segments: unknown[]) =>
      (await review(tx, account, { post_id: post, segments })).problems
    expect(await refused(['two', 'one'])).toEqual([])
    expect(await refused(['one'])).toEqual([])

    const linked = { text: 'see example.com', has_url: true }
    const added = POST_WITH_URL - POST
    const [overBudget, ...rest] = await refused([linked, 'two'])
    expect(overBudget).toMatchObject({
      slug: 'over-budget',
      detail: expect.stringContaining(`needs $${added / 1_000_000}, and $0.00 of`),
    })
    expect(rest).toEqual([])
    expect(slugs(await refused(['one', 'two', 'three']))).toEqual(['over-budget', 'day-full'])
  }))

test('an edit of what has changed meanwhile is told that, whatever it would cost', () =>
  withTx(async (tx) => {
    const { account, post } = await begin(tx, ['one'])
    await setLimit(tx, account, 0)
    await actFor(tx, account)
    const plan = { post_id: post, segments: ['one', 'two'], version: 99 }
    expect(await refusalOf(tx, 'select public.review_post($1)', [plan])).toMatchObject({
      message: 'version-mismatch',
    })
  }))

test('the rest of a thread that waits asks nothing for what X has', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await tx.query('delete from private.cost_log')
    const thread = await schedulePost(tx, account, { texts: ['one', 'two', 'three'] })
    const { claimId, attempts } = await startSending(tx)
    await settle(
      tx,
      claimId,
      attempts.map((attempt) => resultFor(attempt, 'accepted')),
      { release: [account.id] },
    )
    expect(await count(tx, `public.post_segments where status = 'published'`)).toBe(1)
    await tx.query('update private.account_lanes set blocked_until = $1', [at(900)])
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
    await tick(tx, at(1))
    await setLimit(tx, account, 0)
    await setCap(tx, 1)

    const refused = async (segments: string[]) =>
      slugs((await review(tx, account, { post_id: thread, segments })).problems)
    expect(await refused(['one', 'other', 'words'])).toEqual([])
    expect(await refused(['one', 'two', 'three', 'four'])).toEqual(['over-budget', 'day-full'])
  }))

test('a thread longer than any day of the app is told so before it is scheduled', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await setCap(tx, 2)
    const draft = { account_id: account.id, segments: ['one', 'two', 'three'] }
    const { problems } = await review(tx, account, { ...draft, scheduled_at: hour(9) })
    expect(slugs(problems)).toEqual(['day-full'])
  }))

import { expect, test } from 'vitest'
import {
  PUBLISHED,
  publishedPost,
  readingAt,
  rollUpAll,
  saveMetrics,
} from '../../helpers/analytics.ts'
import { asUser } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { connectAccount } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const DAY = 86_400
const day = (offset: number) =>
  new Date(PUBLISHED.getTime() + offset * DAY * 1000).toISOString().slice(0, 10)

const summary = async (tx: Tx, values: unknown[]) =>
  (await tx.query('select public.get_account_summary($1, $2, $3) as value', values)).rows[0].value

test('adds up a period, compares it with the one before and says how late posts were', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const posts = []
    for (const lateMs of [20, 40, 900]) posts.push(await publishedPost(tx, account, { lateMs }))
    const post = posts[0] ?? ''
    await saveMetrics(tx, [
      readingAt(post, 60, { impressions: 200, engagements: 10, likes: 4 }),
      readingAt(post, 60 + DAY, { impressions: 500, engagements: 25, likes: 3 }),
    ])
    await rollUpAll(tx)
    await asUser(tx, account.person.id)

    expect(await summary(tx, [account.id, day(1), day(2)])).toMatchObject({
      from: day(1),
      to: day(2),
      totals: { posts: 0, impressions: 300, engagements: 15, likes: -1, engagement_rate: 0.05 },
      previous: { posts: 3, impressions: 200, engagement_rate: 0.05 },
      growth: { impressions: 0.5, engagements: 0.5, posts: -1, clicks: null, engagement_rate: 0 },
      lateness_ms: { posts: 0, p50: null },
    })
    expect(await summary(tx, [account.id, day(0), day(1)])).toMatchObject({
      lateness_ms: { posts: 3, p50: 40, p95: 900, p99: 900 },
    })
  }))

test('covers the last 30 days when no period is named', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await asUser(tx, account.person.id)
    const { from, to } = await summary(tx, [account.id, null, null])
    expect(Date.parse(to) - Date.parse(from)).toBe(30 * DAY * 1000)
  }))

test.each([
  ['2026-02-01', '2026-02-01'],
  ['2026-02-02', '2026-02-01'],
  ['2026-01-01', '2028-01-01'],
])('refuses a period from %s to %s', (from, to) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    await asUser(tx, account.person.id)
    for (const call of ['public.get_account_summary($1, $2, $3)', 'public.get_usage($2, $3)']) {
      const sql = `select ${call}${call.includes('$1') ? '' : ', $1::uuid'}`
      expect(await refusalOf(tx, sql, [account.id, from, to])).toMatchObject({
        code: 'PT422',
        message: 'period-invalid',
      })
    }
  }),
)

test('a thread is the sum of its segments, at every reading', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await publishedPost(tx, account, { segments: 2, lateMs: 12 })
    const reading = (position: number, seconds: number, impressions: number) => ({
      ...readingAt(post, seconds, { impressions }),
      position,
    })
    await saveMetrics(tx, [reading(0, 10, 100), reading(1, 10, 50)])
    await saveMetrics(tx, [reading(0, 60, 120)])
    await saveMetrics(tx, [reading(1, 90, 40)])
    await asUser(tx, account.person.id)

    const { rows } = await tx.query('select public.get_post_analytics($1) as value', [post])

    expect(rows[0].value).toMatchObject({ late_ms: 12, latest: { impressions: 160 } })
    expect(rows[0].value.series.map((one: { impressions: number }) => one.impressions)).toEqual([
      150, 170, 160,
    ])
  }))

test('private counters that were withheld repeat the last known ones, and say so', () =>
  withTx(async (tx) => {
    const post = await publishedPost(tx, await connectAccount(tx))
    const withheld = { engagements: null, clicks: null, profile_clicks: null }
    await saveMetrics(tx, [readingAt(post, 10, { engagements: 5, clicks: 3, profile_clicks: 1 })])
    await saveMetrics(tx, [readingAt(post, 60, withheld)])

    const { rows } = await tx.query(
      `select engagements, clicks, profile_clicks, source from public.post_analytics
       where post_id = $1 order by timestamp`,
      [post],
    )
    const known = { engagements: '5', clicks: '3', profile_clicks: '1' }
    expect(rows).toEqual([
      { ...known, source: 'author' },
      { ...known, source: 'public' },
    ])
  }))

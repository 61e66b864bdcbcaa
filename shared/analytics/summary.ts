import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'

const counters = {
  impressions: z.int(),
  engagements: z.int(),
  clicks: z.int(),
  likes: z.int(),
  reposts: z.int(),
  replies: z.int(),
  quotes: z.int(),
  bookmarks: z.int(),
  profile_clicks: z.int(),
}

const Totals = z
  .object({
    posts: z.int(),
    ...counters,
    engagement_rate: z
      .number()
      .nullable()
      .meta({ description: 'Engagements per impression; null without impressions.' }),
  })
  .meta({ id: 'Totals' })

/** What an account's posts did over UTC days, `to` excluded. */
export const AccountSummary = z
  .object({
    account_id: z.uuid(),
    from: z.iso.date(),
    to: z.iso.date().meta({ description: 'Excluded.' }),
    totals: Totals,
    previous: Totals.meta({ description: 'As many days before.' }),
    growth: z.record(z.string(), z.number().nullable()).meta({
      description: '0.25 is a quarter more than before; null where nothing was there to compare.',
    }),
    lateness_ms: z
      .object({
        posts: z.int(),
        p50: z.number().nullable(),
        p95: z.number().nullable(),
        p99: z.number().nullable(),
      })
      .meta({ description: 'Sent minus scheduled, in milliseconds.' }),
  })
  .meta({ id: 'AccountSummary' })

const instant = () => z.string().meta({ format: 'date-time' })

/** The counters of one post, now and at every reading. Cumulative, summed over its segments. */
export const PostAnalytics = z
  .object({
    post_id: z.uuid(),
    account_id: z.uuid(),
    published_at: instant().nullable(),
    late_ms: z.int().nullable(),
    collected_at: instant().nullable(),
    latest: z.object(counters).nullable().meta({ description: 'Null before it is published.' }),
    series: z.array(z.object({ timestamp: instant(), ...counters })),
  })
  .meta({ id: 'PostAnalytics' })

export type Period = { from?: string | undefined; to?: string | undefined }

/** Totals, growth and lateness; without dates of the last 30 days. Throws 404 and 422. */
export const accountSummary = async (
  caller: Pick<Caller, 'rpc'>,
  accountId: string,
  period: Period,
) => {
  const summary = await caller.rpc('get_account_summary', {
    p_account_id: accountId,
    p_from: period.from ?? null,
    p_to: period.to ?? null,
  })
  if (summary === null) throw problems.notFound()
  return AccountSummary.parse(summary)
}

/** Throws 404 when the post is absent or not the caller's to see. */
export const postAnalytics = async (caller: Pick<Caller, 'rpc'>, postId: string) => {
  const analytics = await caller.rpc('get_post_analytics', { p_post_id: postId })
  if (analytics === null) throw problems.notFound()
  return PostAnalytics.parse(analytics)
}

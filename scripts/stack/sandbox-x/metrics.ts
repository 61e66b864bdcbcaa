import type { Account, Post } from './state.ts'

export type PostCounters = {
  impressions: number
  likes: number
  reposts: number
  replies: number
  quotes: number
  bookmarks: number
  clicks: number
  profileClicks: number
  engagements: number
}

const halfLife = 60 * 60 * 1_000

/** A number in [0, 1) fixed by the post's id and a name. */
const seeded = (id: string, name: string): number => {
  let hash = 2_166_136_261
  for (const character of `${name}:${id}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619)
  }
  return (hash >>> 0) / 2 ** 32
}

/**
 * What the post has gathered by `now` (ms): half of its final reach within the first hour, the rest
 * ever more slowly. Counters only grow, unless the account's factor is lowered.
 */
export const countersOf = (post: Post, account: Account, now: number): PostCounters => {
  const age = Math.max(0, now - post.at)
  const reach = 400 + seeded(post.id, 'reach') * 3_600
  const impressions = Math.floor((1 + (reach * age) / (age + halfLife)) * account.metricsFactor)
  const share = (name: string, most: number) =>
    Math.floor(impressions * most * (0.25 + 0.75 * seeded(post.id, name)))
  const parts = {
    likes: share('likes', 0.05),
    reposts: share('reposts', 0.012),
    replies: share('replies', 0.01),
    quotes: share('quotes', 0.003),
    bookmarks: share('bookmarks', 0.006),
    clicks: share('clicks', 0.04),
    profileClicks: share('profile', 0.02),
  }
  const engagements = Object.values(parts).reduce((sum, part) => sum + part, 0)
  return { impressions, ...parts, engagements }
}

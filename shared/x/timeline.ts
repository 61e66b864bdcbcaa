import type { Network, TimelineItem } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'
import { originalText } from './texts.ts'
import { readPosts, type XPost } from './vocabulary.ts'

/** X keeps the newest 3,200 posts of a timeline reachable. */
const mostPages = 32

const toItem = (post: XPost): TimelineItem[] => {
  if (!post.created_at) return []
  const parent = post.referenced_tweets?.find(({ type }) => type === 'replied_to')
  return [
    {
      remoteId: post.id,
      text: originalText(post),
      createdAt: new Date(post.created_at),
      replyTo: parent?.id ?? null,
    },
  ]
}

const wholeSecond = (time: Date) => `${time.toISOString().slice(0, 19)}Z`

const readPage = (body: unknown) => {
  const page = readPosts(body)
  const whole = page?.errors.length === 0 && page.meta && page.data.every((post) => post.created_at)
  return whole ? { kind: 'page' as const, posts: page.data, next: page.meta?.next_token } : null
}

/**
 * GET /2/users/:id/tweets from `since` (rounded down to the second) on, long texts included, page by
 * page until X names no next one. A page that fails fails the whole look: half a look proves nothing.
 */
export const createTimeline =
  (config: XConfig): Network['timeline'] =>
  async (accessToken, { remoteUserId, since }, options) => {
    const items: TimelineItem[] = []
    let next: string | undefined
    for (let pages = 1; ; pages += 1) {
      const query = {
        max_results: '100',
        start_time: wholeSecond(since),
        'tweet.fields': 'created_at,text,note_tweet,entities,referenced_tweets',
        ...(next === undefined ? {} : { pagination_token: next }),
      }
      const path = `/2/users/${encodeURIComponent(remoteUserId)}/tweets`
      const request = { method: 'GET', path, query, signal: options?.signal } as const
      const page = await call(config, accessToken, request, readPage)
      if (page.kind !== 'page') return page
      items.push(...page.posts.flatMap(toItem))
      next = page.next
      if (next === undefined || pages === mostPages) {
        return { kind: 'timeline', items, complete: next === undefined, rates: page.rates }
      }
    }
  }

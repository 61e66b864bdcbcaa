import type { Network } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'
import { itemFields, toItem } from './timeline-item.ts'
import { readPosts, type XMedia, type XPost } from './vocabulary.ts'

/** X keeps the newest 3,200 posts of a timeline reachable. */
const mostPages = 32

const wholeSecond = (time: Date) => `${time.toISOString().slice(0, 19)}Z`

type Page = { posts: XPost[]; media: XMedia[]; next: string | undefined; gap: string | null }

const readPage = (body: unknown): ({ kind: 'page' } & Page) | null => {
  const page = readPosts(body)
  if (!page || !(page.meta || page.errors.length > 0)) return null
  const [error] = page.errors
  const isDated = page.data.every((post) => post.created_at)
  return {
    kind: 'page',
    posts: page.data,
    media: page.includes.media,
    next: page.meta?.next_token,
    gap: error
      ? `X left something out of the timeline: ${error.detail || error.type}`
      : isDated
        ? null
        : 'X did not tell the time of every post.',
  }
}

/**
 * GET /2/users/:id/tweets from `since` (rounded down to the second) on, long texts included, page by
 * page until X names no next one. A page that fails fails the whole look; one that has gaps shows what
 * it shows, and proves nothing of what it does not.
 */
export const createTimeline =
  (config: XConfig): Network['timeline'] =>
  async (accessToken, { remoteUserId, since }, options) => {
    const read: Page[] = []
    let next: string | undefined
    for (;;) {
      const query = {
        max_results: '100',
        start_time: wholeSecond(since),
        ...itemFields,
        ...(next === undefined ? {} : { pagination_token: next }),
      }
      const path = `/2/users/${encodeURIComponent(remoteUserId)}/tweets`
      const request = { method: 'GET', path, query, signal: options?.signal } as const
      const page = await call(config, accessToken, request, readPage)
      if (page.kind !== 'page') return page
      read.push(page)
      next = page.next
      if (next === undefined || read.length === mostPages) {
        const items = read.flatMap(({ posts, media }) =>
          posts.flatMap((post) => toItem(post, media)),
        )
        const gap =
          next === undefined
            ? (read.find((page) => page.gap !== null)?.gap ?? null)
            : 'The account has posted more since than X lets anybody page through.'
        return { kind: 'timeline', items, complete: gap === null, gap, rates: page.rates }
      }
    }
  }

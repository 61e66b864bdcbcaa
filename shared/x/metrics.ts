import type { Network, PostMetrics } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'
import { readPosts, type XError, type XPost } from './vocabulary.ts'

const publicFields = 'created_at,public_metrics'
const allFields = `${publicFields},non_public_metrics,organic_metrics`
const forbiddenField = /(not-authorized-for-field|field-unauthorized)$/

const toMetrics = (post: XPost): PostMetrics => {
  const open = post.public_metrics ?? {}
  const own = { ...post.organic_metrics, ...post.non_public_metrics }
  return {
    kind: 'ok',
    remoteId: post.id,
    impressions: open.impression_count ?? own.impression_count ?? 0,
    engagements: own.engagements ?? null,
    clicks: own.url_link_clicks ?? null,
    likes: open.like_count ?? 0,
    reposts: open.retweet_count ?? 0,
    replies: open.reply_count ?? 0,
    quotes: open.quote_count ?? 0,
    bookmarks: open.bookmark_count ?? 0,
    profileClicks: own.user_profile_clicks ?? null,
  }
}

const missing = (remoteId: string, error: XError | undefined): PostMetrics => ({
  kind: 'missing',
  remoteId,
  slug: error?.type.split('/').at(-1) || 'not-returned',
  detail: error?.detail || 'X returned nothing for this post.',
})

type Found = { kind: 'found'; posts: Map<string, XPost>; errors: Map<string, XError> }

const read = (body: unknown): Found | null => {
  const answer = readPosts(body)
  if (!answer) return null
  return {
    kind: 'found',
    posts: new Map(answer.data.map((post) => [post.id, post])),
    errors: new Map(answer.errors.map((error) => [error.resource_id ?? error.value ?? '', error])),
  }
}

/**
 * GET /2/tweets for at most 100 ids. Posts whose private counters X withholds (older than 30 days,
 * or not the account's own) are asked for once more with public counters only.
 */
export const createMetrics = (config: XConfig): Network['metrics'] => {
  const ask = (accessToken: string, ids: string[], fields: string, signal?: AbortSignal) => {
    const query = { ids: ids.join(','), 'tweet.fields': fields }
    return call(config, accessToken, { method: 'GET', path: '/2/tweets', query, signal }, read)
  }
  return async (accessToken, remoteIds, options) => {
    if (remoteIds.length === 0) return { kind: 'metrics', posts: [], rates: [] }
    const first = await ask(accessToken, remoteIds, allFields, options?.signal)
    if (first.kind !== 'found') return first
    const withheld = remoteIds.filter(
      (id) => !first.posts.has(id) && forbiddenField.test(first.errors.get(id)?.type ?? ''),
    )
    const second =
      withheld.length > 0 ? await ask(accessToken, withheld, publicFields, options?.signal) : first
    if (second.kind !== 'found') return second
    const posts = remoteIds.map((id) => {
      const post = first.posts.get(id) ?? second.posts.get(id)
      return post ? toMetrics(post) : missing(id, second.errors.get(id) ?? first.errors.get(id))
    })
    return { kind: 'metrics', posts, rates: second.rates }
  }
}

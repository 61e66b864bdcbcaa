import { findUrls } from '../../../shared/posts/find-urls.ts'
import { weightedLength } from '../../../shared/posts/weighted-length.ts'
import { keyOf, type Media } from './media-state.ts'
import { countersOf, type PostCounters } from './metrics.ts'
import type { Account, Post } from './state.ts'

/** Which fields were asked for, and in which of X's two vocabularies. */
export type Fields = { names: Set<string>; family: 'tweet' | 'post' }

export const readFields = (query: URLSearchParams): Fields => {
  const family = query.has('post.fields') ? 'post' : 'tweet'
  const names = (query.get(`${family}.fields`) ?? '').split(',').filter(Boolean)
  return { names: new Set(names), family }
}

const escapeText = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

type Link = {
  start: number
  end: number
  url: string
  expanded_url: string
  display_url: string
  media_key?: string
}

/** X shows media as one more link behind the text, which nobody typed. */
const withMediaLink = (
  { text, urls }: { text: string; urls: Link[] },
  post: Post,
  username: string,
  media: Media[],
) => {
  const [first] = media
  if (!first) return { text, urls }
  const url = `https://t.co/${post.id.slice(-8)}md`
  const before = text === '' ? '' : `${text} `
  const start = [...before].length
  const kind = first.category === 'tweet_video' ? 'video' : 'photo'
  const expanded_url = `https://x.com/${username}/status/${post.id}/${kind}/1`
  const display_url = `pic.x.com/${post.id.slice(-8)}md`
  const media_key = keyOf(first)
  const link = { start, end: start + url.length, url, expanded_url, display_url, media_key }
  return { text: `${before}${url}`, urls: [...urls, link] }
}

/** The text as X gives it back: escaped, every link replaced by a short one and listed beside it. */
const shorten = (post: Post) => {
  const text = post.text.normalize('NFC')
  const urls: Link[] = []
  let out = ''
  let at = 0
  for (const span of findUrls(text)) {
    const typed = text.slice(span.start, span.end)
    const display = typed.replace(/^https?:\/\//i, '')
    const url = `https://t.co/${post.id.slice(-8)}${urls.length.toString(36).padStart(2, '0')}`
    out += escapeText(text.slice(at, span.start))
    const start = [...out].length
    const expanded = display === typed ? `http://${typed}` : typed
    urls.push({ start, end: start + url.length, url, expanded_url: expanded, display_url: display })
    out += url
    at = span.end
  }
  return { text: out + escapeText(text.slice(at)), urls }
}

const publicMetrics = (counters: PostCounters, repost: string) => ({
  [`${repost}_count`]: counters.reposts,
  reply_count: counters.replies,
  like_count: counters.likes,
  quote_count: counters.quotes,
  bookmark_count: counters.bookmarks,
  impression_count: counters.impressions,
})

const privateClicks = (counters: PostCounters) => ({
  impression_count: counters.impressions,
  url_link_clicks: counters.clicks,
  user_profile_clicks: counters.profileClicks,
})

const metricsOf = (counters: PostCounters, names: Set<string>, repost: string) => ({
  ...(names.has('public_metrics') ? { public_metrics: publicMetrics(counters, repost) } : {}),
  ...(names.has('non_public_metrics')
    ? { non_public_metrics: { ...privateClicks(counters), engagements: counters.engagements } }
    : {}),
  ...(names.has('organic_metrics')
    ? {
        organic_metrics: {
          ...privateClicks(counters),
          like_count: counters.likes,
          reply_count: counters.replies,
          [`${repost}_count`]: counters.reposts,
        },
      }
    : {}),
})

const textOf = (post: Post, username: string, { names, family }: Fields, media: Media[]) => {
  const { text, urls } = shorten(post)
  if (weightedLength(post.text) <= 280) {
    const shown = withMediaLink({ text, urls }, post, username, media)
    const hasEntities = names.has('entities') && shown.urls.length > 0
    return { text: shown.text, ...(hasEntities ? { entities: { urls: shown.urls } } : {}) }
  }
  const short = `${[...text].slice(0, 274).join('')}…`
  const note = { text, ...(urls.length > 0 ? { entities: { urls } } : {}) }
  return { text: short, ...(names.has(`note_${family}`) ? { [`note_${family}`]: note } : {}) }
}

/** One post as the API shows it: `id`, `text`, the edit history and the fields asked for. */
export const renderPost = (
  post: Post,
  account: Account,
  fields: Fields,
  now: number,
  media: Media[] = [],
) => {
  const { names, family } = fields
  const media_keys = media.map(keyOf)
  const repost = family === 'tweet' ? 'retweet' : 'repost'
  const referenced = post.reply_to ? [{ type: 'replied_to', id: post.reply_to }] : []
  const references = `referenced_${family}s`
  return {
    id: post.id,
    ...textOf(post, account.user.username, fields, media),
    [`edit_history_${family}_ids`]: [post.id],
    ...(names.has('created_at') ? { created_at: new Date(post.at).toISOString() } : {}),
    ...(names.has('attachments') && media.length > 0 ? { attachments: { media_keys } } : {}),
    ...(names.has('author_id') ? { author_id: post.user_id } : {}),
    ...(names.has(references) && referenced.length > 0 ? { [references]: referenced } : {}),
    ...metricsOf(countersOf(post, account, now), names, repost),
  }
}

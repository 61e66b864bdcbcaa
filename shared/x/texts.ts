import { findUrls } from '../posts/find-urls.ts'
import type { XPost } from './vocabulary.ts'

const decode = (text: string) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** The link X appends for a post's own media: it was never typed. */
const ownMedia =
  /^https?:\/\/(www\.|mobile\.)?(x|twitter)\.com\/\w+\/status\/\d+\/(photo|video)\/\d+$/i

type Link = { url: string; expanded_url?: string | undefined; media_key?: string | undefined }

const isOwnMedia = (link: Link, hasMedia: boolean): boolean =>
  link.media_key !== undefined || (hasMedia && ownMedia.test(link.expanded_url ?? ''))

/**
 * The text behind an answer of X: the long form when there is one, links expanded, entities decoded,
 * links to the post's own media taken off.
 */
export const originalText = (post: XPost): string => {
  const { text, entities } = post.note_tweet ?? post
  const hasMedia = (post.attachments?.media_keys.length ?? 0) > 0
  // Links of the short form tell of media; a long form repeats only what was typed.
  const links = [...(entities?.urls ?? []), ...(post.entities?.urls ?? [])]
  const whole = links.reduce(
    (current, link) =>
      current.replaceAll(link.url, () =>
        isOwnMedia(link, hasMedia) ? '' : (link.expanded_url ?? link.url),
      ),
    decode(text),
  )
  return hasMedia ? whole.trimEnd() : whole
}

const sameHosts = /^(www\.|mobile\.)?(x|twitter)\.com$/

/** A link without what X may add or change: its protocol, its host's case or older name, a bare last slash. */
const canonicalLink = (link: string): string => {
  const address = URL.parse(/^https?:\/\//i.test(link) ? link : `http://${link}`)
  if (!address) return link
  const path = address.pathname === '/' ? '' : address.pathname
  const host = sameHosts.test(address.host) ? 'x.com' : address.host
  return `${host}${path}${address.search}${address.hash}`
}

const canonicalText = (text: string): string => {
  const normal = text.normalize('NFC')
  let out = ''
  let at = 0
  for (const { start, end } of findUrls(normal)) {
    out += normal.slice(at, start) + canonicalLink(normal.slice(start, end))
    at = end
  }
  return (out + normal.slice(at)).replace(/\s+/g, ' ').trim()
}

/** Whether two texts differ only in what X rewrites on its own: links, Unicode form and white space. */
export const sameText = (sent: string, found: string): boolean =>
  canonicalText(sent) === canonicalText(found)

const leadingMention = /^\s*@\w{1,15}(\s+|$)/

/** As `sameText`, for a reply: X writes the people replied to before the text. */
export const sameReplyText = (sent: string, found: string): boolean => {
  let rest = found
  while (!sameText(sent, rest)) {
    const shorter = rest.replace(leadingMention, '')
    if (shorter === rest) return false
    rest = shorter
  }
  return true
}

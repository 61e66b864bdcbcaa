import { findUrls } from '../posts/find-urls.ts'
import type { XPost } from './vocabulary.ts'

const decode = (text: string) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** The text behind an answer of X: the long form when there is one, links expanded, entities decoded. */
export const originalText = (post: XPost): string => {
  const { text, entities } = post.note_tweet ?? post
  const expanded = (entities?.urls ?? []).reduce(
    (current, link) => current.replaceAll(link.url, () => link.expanded_url ?? link.url),
    decode(text),
  )
  return expanded
}

/** A link without what X may add or change: its protocol, the case of its host, a bare last slash. */
const canonicalLink = (link: string): string => {
  const address = URL.parse(/^https?:\/\//i.test(link) ? link : `http://${link}`)
  if (!address) return link
  const path = address.pathname === '/' ? '' : address.pathname
  return `${address.host}${path}${address.search}${address.hash}`
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

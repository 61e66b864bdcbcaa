import type { Match, Network, SentSegment, TimelineItem } from '../networks/network.ts'
import { sameReplyText, sameText } from './texts.ts'

/** Null when the media differ; else whether X named the very uploads we sent. */
const compareMedia = (
  sent: SentSegment['media'],
  found: TimelineItem['media'],
): Exclude<Match, 'no'> | null => {
  if (sent.length !== found.length) return null
  const pairs = sent.map((media, index) => ({ media, seen: found[index] }))
  if (pairs.some(({ media, seen }) => seen?.kind !== media.kind)) return null
  const isOurs = ({ media, seen }: (typeof pairs)[number]) =>
    seen?.remoteId !== null && media.remoteIds.includes(seen?.remoteId ?? '')
  return pairs.length > 0 && pairs.every(isOurs) ? 'certain' : 'possible'
}

/** A text with a link to a post becomes a quote of it by itself; any other quote is not ours. */
const quotesOnPurpose = (text: string, quotes: string | null): boolean =>
  quotes !== null && !new RegExp(`/status/${quotes}(?!\\d)`).test(text)

/**
 * Whether a post of the account's timeline may be the segment we sent: the same parent, text and
 * media, each as X gives it back. Certain when X names the very uploads we sent.
 */
export const match: Network['match'] = (sent, found) => {
  if (found.replyTo !== sent.replyTo || quotesOnPurpose(sent.text, found.quotes)) return 'no'
  const compared = compareMedia(sent.media, found.media)
  if (compared === null) return 'no'
  const same = found.replyTo === null ? sameText : sameReplyText
  return same(sent.text, found.text) ? compared : 'no'
}

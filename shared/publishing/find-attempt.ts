import type { Network, TimelineItem } from '../networks/network.ts'

/** An attempt whose outcome is unknown, as service.claim_looks describes it. */
export type Look = {
  post_id: string
  position: number
  number: number
  text: string
  reply_to: string | null
  sending_at: string
}

/** X's clock and ours may differ by this much. */
export const CLOCK_SKEW_MS = 120_000

/**
 * The post on the network that this attempt made: same text, same parent, not older than the
 * attempt. The oldest match wins, because later ones cannot be ours.
 */
export const findAttempt = (
  look: Look,
  items: TimelineItem[],
  sameText: Network['sameText'],
): TimelineItem | undefined => {
  const earliest = new Date(look.sending_at).getTime() - CLOCK_SKEW_MS
  return items
    .filter((item) => item.createdAt.getTime() >= earliest)
    .filter((item) => item.replyTo === look.reply_to && sameText(look.text, item.text))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0]
}

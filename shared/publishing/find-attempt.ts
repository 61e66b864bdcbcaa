import type { Network, TimelineItem } from '../networks/network.ts'

/** An attempt whose outcome is unknown, as service.claim_looks describes it. */
export type Look = {
  post_id: string
  position: number
  number: number
  text: string
  reply_to: string | null
  /** When the first attempt began that X may have taken. */
  sending_at: string
}

/** X's clock and ours may differ by this much. */
export const CLOCK_SKEW_MS = 120_000

/** Whether the attempt may have made this post: same text, same parent, not older than the attempt. */
export const couldBe = (look: Look, item: TimelineItem, sameText: Network['sameText']): boolean =>
  item.createdAt.getTime() >= new Date(look.sending_at).getTime() - CLOCK_SKEW_MS &&
  item.replyTo === look.reply_to &&
  sameText(look.text, item.text)

/** The post on the network that this attempt made. The oldest that could be it: later ones cannot be ours. */
export const findAttempt = (
  look: Look,
  items: TimelineItem[],
  sameText: Network['sameText'],
): TimelineItem | undefined =>
  items
    .filter((item) => couldBe(look, item, sameText))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0]

import type { Match, Network, SentSegment, TimelineItem } from '../networks/network.ts'

/** An attempt whose outcome is open, as service.claim_looks describes it. */
export type Look = {
  post_id: string
  position: number
  number: number
  text: string
  reply_to: string | null
  /** In order: kind, and every id the network gave to an upload of it. */
  media: { kind: SentSegment['media'][number]['kind']; remote_ids: string[] }[]
  /** When the first attempt began that the network may have taken. */
  sending_at: string
  /** How many attempts of the segment the network may have taken: one, and those given up as absent. */
  tries: number
}

/** X's clock and ours may differ by this much. */
export const CLOCK_SKEW_MS = 120_000

export const sentBy = ({ text, reply_to, media }: Omit<Look, 'tries'>): SentSegment => ({
  text,
  replyTo: reply_to,
  media: media.map(({ kind, remote_ids }) => ({ kind, remoteIds: remote_ids })),
})

/** Whether the attempt may have made this post: what the network compares, and not older than the attempt. */
export const couldBe = (
  look: Omit<Look, 'tries'>,
  item: TimelineItem,
  match: Network['match'],
): Match =>
  item.createdAt.getTime() < new Date(look.sending_at).getTime() - CLOCK_SKEW_MS
    ? 'no'
    : match(sentBy(look), item)

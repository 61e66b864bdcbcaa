import type { TimelineItem } from './network.ts'

/** What a network may tell us by itself. Never to be trusted for more than it says; comes twice and late. */
export type Happening =
  | { kind: 'posted'; remoteUserId: string; item: TimelineItem }
  | { kind: 'deleted'; remoteUserId: string; remoteId: string }
  | { kind: 'mentioned'; remoteUserId: string; mention: Mention }
  /** A user withdrew our app's access; `at` is null where the network does not say when. */
  | { kind: 'revoked'; remoteUserId: string; at: Date | null }
  | { kind: 'unknown' }

/** As consumers get it in `mention.received`. */
export type Mention = {
  remote_id: string
  author_id: string | null
  author_username: string | null
  text: string
  /** ISO instant. */
  created_at: string | null
}

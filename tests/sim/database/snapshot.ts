import type { DeliveryRows } from './delivery-rows.ts'

/** What a step leaves behind, read in one statement. Times are milliseconds since 1970, or ±Infinity. */
export type Post = {
  id: string
  account: string
  status: string
  due: number | null
  published: number | null
  held: string | null
  slug: string | null
  late: string
  /** How late it may be before its late policy applies, in milliseconds. */
  patience: number
  /** Somebody wants it deleted on X. */
  leaves: boolean
}
export type Segment = {
  post: string
  position: number
  status: string
  remote: string | null
  text: string
  /** Ids of what it shows, in order. */
  media: string[]
}
export type Attempt = {
  post: string
  position: number
  number: number
  status: string
  sending: number
  slug: string | null
  remote: string | null
}
export type Live = {
  post: string
  position: number
  number: number
  account: string
  sending: number
  deadline: number
  look: number | null
  absent: number
}
export type Job = {
  post: string
  account: string
  run: number
  stale: number
  state: string
  position: number
  media: boolean
}
export type Lane = {
  account: string
  ready: number
  blocked: number
  closed: string[]
  claim: string | null
  lease: number | null
}
/** Of a picture to X, by an account. */
export type Upload = {
  media: string
  account: string
  state: string
  remote: string | null
  due: number
}
export type Account = { id: string; status: string; version: number | null; expires: number | null }

export type Snapshot = DeliveryRows & {
  posts: Post[]
  segments: Segment[]
  attempts: Attempt[]
  live: Live[]
  jobs: Job[]
  lanes: Lane[]
  accounts: Account[]
  uploads: Upload[]
  breaker: number
  /** The app's breaker is open, or the heartbeat has yet to put its lanes back. */
  isWatched: boolean
  held: boolean
  events: Record<string, Record<string, number>>
  alerts: [string, string, string][]
  owned: [string, string, number][]
  /** The account that may send through an open breaker, to find out whether X takes posts again. */
  probe: string | null
  /** When duties beside the lanes are due. */
  duties: number[]
  /** Of workspaces, by id. */
  paused: string[]
  suspended: string[]
  /** Those that have committed more than their budget allows. */
  broke: string[]
  /** How often each function was rung. */
  rings: Record<string, number>
  /** What does not add up: between posts and the money held for them, and of the sums of months and days. */
  holds: string[]
  sums: string[]
}

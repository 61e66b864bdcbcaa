import type { Call } from '../../scripts/stack/sandbox-x/call.ts'
import { ACCOUNTS } from './database/fixture.ts'
import { remoteMediaOf } from './database/media.ts'
import type { Job, Live, Segment } from './database/snapshot.ts'
import { attemptKey } from './invariants/index-rows.ts'
import type { World } from './world.ts'

/** A Go, as it was committed, and the one request it was good for. */
export type Permit = {
  attempt: Live
  segment: Segment
  job: Job | undefined
  account: string
  deadline: number
  sentBy: string | null
  /** Its worker knows how the request ended. */
  isOver: boolean
  /** What X made of it, and when. */
  accepted: { remoteId: string; atMs: number } | null
}

/** Workers read instants to the millisecond. */
const CLOCK_GRAIN_MS = 1
/** The request's own limit, which the lease has to cover when it is asked for. */
const LONGEST_REQUEST_MS = 20_000

/**
 * Which requests were allowed, were sent and were carried out, seen from outside: by the rows a Go
 * committed, what left the workers, and what X has.
 */
export const createTruth = (world: World) => {
  const permits: Permit[] = []

  /** What a post says and shows is what it is known by. */
  const contentOf = (call: Call): string => {
    const { text, media } = JSON.parse(call.body)
    return [text, ...(media?.media_ids ?? [])].join(' ')
  }
  const contentOfSegment = ({ text, media }: Segment) => [text, ...remoteMediaOf(media)].join(' ')
  /** Whoever is given up by the database is not waited for any more. */
  const isUnderWay = ({ attempt, sentBy, isOver }: Permit): boolean =>
    sentBy !== null &&
    !isOver &&
    world
      .state()
      .live.some(
        (open) =>
          attemptKey(open) === attemptKey(attempt) &&
          open.look === null &&
          open.deadline > world.time(),
      )
  const parentOf = (call: Call): string | null =>
    JSON.parse(call.body).reply?.in_reply_to_tweet_id ?? null

  return {
    permits,
    allow: (permit: Permit) => permits.push(permit),
    of: (post: string, position: number) =>
      permits.filter(({ segment }) => segment.post === post && segment.position === position),
    /** A worker asks for a POST: allowed once, for the text of its Go, at its time, under its lease. */
    ask: (call: Call, remoteUserId: string | null, who: string): Permit => {
      const text = contentOf(call)
      const account = ACCOUNTS.find((each) => each.remoteUserId === remoteUserId)
      const same = permits.filter(
        ({ segment, account: id }) =>
          contentOfSegment(segment) === text && (!account || id === account.id),
      )
      const permit = same.findLast(({ sentBy }) => sentBy === null)
      if (!permit) {
        return world.fail(
          same.length > 0
            ? `${who} POSTs "${text}" again under one Go`
            : `${who} POSTs "${text}" which no Go allowed`,
        )
      }
      const rival = permits.find((other) => other.account === permit.account && isUnderWay(other))
      if (rival) {
        world.fail(
          `${who} POSTs "${text}" while ${rival.sentBy} sends "${contentOfSegment(rival.segment)}"`,
        )
      }
      permit.sentBy = who
      const now = world.time()
      if (permit.job && now < permit.job.run - CLOCK_GRAIN_MS)
        world.fail(`${who} POSTs "${text}" too early`)
      if (now > permit.deadline - LONGEST_REQUEST_MS) {
        world.fail(`${who} POSTs "${text}" when its lease does not cover the request any more`)
      }
      const parent = parentOf(call)
      const expected = world
        .state()
        .segments.find(
          ({ post, position }) =>
            post === permit.segment.post && position === permit.segment.position - 1,
        )
      if (parent !== (expected?.remote ?? null)) {
        world.fail(`${who} POSTs "${text}" as a reply to ${parent}, not ${expected?.remote}`)
      }
      return permit
    },
    end: (permit: Permit | null) => {
      if (permit) permit.isOver = true
    },
    accept: (permit: Permit, remoteId: string) => {
      permit.accepted = { remoteId, atMs: world.time() }
    },
  }
}

export type Truth = ReturnType<typeof createTruth>

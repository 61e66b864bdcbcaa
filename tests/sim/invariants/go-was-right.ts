import type { Job, Live, Snapshot } from '../database/snapshot.ts'
import { attemptKey, indexRows, segmentKey } from './index-rows.ts'

const MAY_GO = new Set(['scheduled', 'publishing', 'partially_published'])
/** Go is asked for a moment before the instant, which may be the end of a block. */
const LEAD_MS = 1_000
const BLOCK_LEAD_MS = 100
const QUIET_MS = 420_000
/** X does not have it: by two looks, or by the word of a person. */
const ABSENT = new Set(['not-on-x', 'resolved-as-absent'])

/** What a Go was given that the rows do not tell. */
export type Rules = {
  /** Whether somebody gave the post another time while a worker held its lane. */
  hasMoved(post: string): boolean
  resend(account: string): boolean
  workspace(account: string): string
}

const isBefore = (one: Job, other: Job) =>
  one.run < other.run || (one.run === other.run && one.post < other.post)

/**
 * A lane's posts go in the order of their times, those that are tried again included. Only who was given
 * its time while a worker held the lane has no turn there: what that worker waits for may go first.
 */
const isFirst = (job: Job, { jobs }: Snapshot, now: number, { hasMoved }: Rules): boolean =>
  !jobs.some(
    (other) =>
      other.account === job.account &&
      isBefore(other, job) &&
      other.stale > now &&
      other.media &&
      other.state !== 'sending' &&
      !hasMoved(other.post),
  )

/** Attempts a step began. */
export const begunIn = (before: Snapshot, after: Snapshot): Live[] => {
  const known = new Set(before.live.map(attemptKey))
  return after.live.filter((live) => live.look === null && !known.has(attemptKey(live)))
}

/** Judges each new attempt by the state its Go found, on its own. Returns why it should not have gone. */
export const goWasRight = (
  before: Snapshot,
  attempt: Live,
  now: number,
  rules: Rules,
): string[] => {
  const { posts, segments, live, jobs, lanes, accounts } = indexRows(before)
  const post = posts.get(attempt.post)
  const job = jobs.get(attempt.post)
  const lane = lanes.get(post?.account ?? '')
  const earlier = before.attempts.filter((each) => segmentKey(each) === segmentKey(attempt))
  const previous = segments.get(segmentKey({ ...attempt, position: attempt.position - 1 }))
  const given = earlier.filter(({ slug }) => slug === 'not-on-x')
  const absent = earlier.filter(({ slug }) => ABSENT.has(slug ?? ''))
  const checks: [boolean, string][] = [
    [MAY_GO.has(post?.status ?? ''), `the post was ${post?.status}`],
    [accounts.get(post?.account ?? '')?.status === 'active', 'the account was not active'],
    [lane?.closed.length === 0, `the lane was closed by ${lane?.closed}`],
    [(lane?.blocked ?? 0) <= now + BLOCK_LEAD_MS, 'a rate window closed the lane'],
    [
      ![...before.paused, ...before.suspended].includes(rules.workspace(post?.account ?? '')),
      'the workspace was paused or suspended',
    ],
    [
      !before.broke.includes(rules.workspace(post?.account ?? '')),
      'the budget of the workspace was spent',
    ],
    [
      before.breaker <= now + BLOCK_LEAD_MS || before.probe === post?.account,
      'the breaker of the app was open',
    ],
    [!before.held, 'publishing was held'],
    [lane?.claim !== null && (lane?.lease ?? 0) > now, 'the lane was under no valid lease'],
    [job?.state === 'waiting', `the job was ${job?.state}`],
    [job?.position === attempt.position, "it was another segment's turn"],
    [(job?.stale ?? 0) > now, 'the post was stale'],
    [job?.media === true, 'media were not ready'],
    [(job?.run ?? Number.POSITIVE_INFINITY) <= now + LEAD_MS, 'it was not due'],
    [
      !job || rules.hasMoved(job.post) || isFirst(job, before, now, rules),
      'an earlier post of the account waited',
    ],
    [!live.has(segmentKey(attempt)), 'an attempt was open'],
    [attempt.position === 0 || previous?.status === 'published', 'the segment before was not on X'],
    [!earlier.some(({ status }) => status === 'accepted'), 'X had accepted it'],
    [!earlier.some(({ status }) => status === 'unknown'), 'an outcome was unknown'],
    [given.length === 0 || attempt.position === 0, 'a reply was sent again'],
    [
      given.length === 0 || segments.get(segmentKey(attempt))?.media.length === 0,
      'a post with media was sent again',
    ],
    [given.length === 0 || rules.resend(post?.account ?? ''), 'the workspace does not send again'],
    [absent.every(({ sending }) => now > sending + QUIET_MS), 'the quiet time was not over'],
  ]
  return checks.filter(([holds]) => !holds).map(([, why]) => `Go of ${attemptKey(attempt)}: ${why}`)
}

/** An attempt is given up as absent by its second look that saw nothing, and never by its first. */
export const givenUpAfterTwoLooks = (before: Snapshot, after: Snapshot): string[] => {
  const was = new Map(before.attempts.map((attempt) => [attemptKey(attempt), attempt.slug]))
  const live = new Map(before.live.map((open) => [attemptKey(open), open.absent]))
  return after.attempts
    .filter((each) => each.slug === 'not-on-x' && was.get(attemptKey(each)) !== 'not-on-x')
    .filter((each) => (live.get(attemptKey(each)) ?? 0) < 1)
    .map((each) => `attempt ${attemptKey(each)} was given up after one look`)
}

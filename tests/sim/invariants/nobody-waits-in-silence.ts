import type { Lane, Post, Snapshot } from '../database/snapshot.ts'
import { indexRows } from './index-rows.ts'

const ENDED = new Set([
  'published',
  'failed',
  'missed',
  'canceled',
  'held',
  'draft',
  'pending_approval',
])

/** When a free lane may be claimed at the latest: its first job, or what closes it, whichever is later. */
const readyBy = (lane: Lane, state: Snapshot): number =>
  Math.max(
    lane.blocked,
    lane.closed.length > 0 ? Number.POSITIVE_INFINITY : 0,
    state.breaker,
    Math.min(
      Number.POSITIVE_INFINITY,
      ...state.jobs
        .filter((job) => job.account === lane.account && job.state !== 'sending' && job.media)
        .map(({ run }) => run),
    ),
  )

/** After every step: a lane nobody holds comes up no later than it should, and no lease is for ever. */
export const lanesComeUp = (state: Snapshot, now: number): string[] =>
  state.lanes.flatMap((lane) => {
    if (lane.claim !== null) {
      return (lane.lease ?? Number.POSITIVE_INFINITY) <= now + 60_000
        ? []
        : [`lane ${lane.account} is leased for ever`]
    }
    // A breaker that has just closed leaves lanes to the next heartbeat.
    if (state.isWatched && state.breaker <= now) return []
    return lane.ready <= readyBy(lane, state) + 5_000
      ? []
      : [`lane ${lane.account} sleeps until ${lane.ready}, it is due at ${readyBy(lane, state)}`]
  })

/** Once all is quiet: nothing is held, sent or due, and whoever waits says for what. */
export const nobodyWaitsInSilence = (state: Snapshot, now: number): string[] => {
  const { jobs, lanes, accounts } = indexRows(state)
  const waits = (post: Post): boolean => {
    // The alert `publishing-held` speaks for all of them.
    if (state.held) return true
    const job = jobs.get(post.id)
    const lane = lanes.get(post.account)
    const isClosed =
      (lane?.closed.length ?? 0) > 0 || accounts.get(post.account)?.status !== 'active'
    const isBlocked = Math.max(lane?.blocked ?? 0, state.breaker) > now
    switch (post.status) {
      case 'scheduled':
        return (job?.run ?? 0) > now || isBlocked || (isClosed && (job?.stale ?? 0) > now)
      case 'unconfirmed':
        return state.live.some(({ post: id, look }) => id === post.id && (look ?? 0) > now)
      case 'partially_published':
        return (
          post.leaves || post.slug !== null || (job !== undefined && (isBlocked || job.run > now))
        )
      default:
        return ENDED.has(post.status)
    }
  }
  return [
    ...state.posts
      .filter((post) => !waits(post))
      .map((post) => `post ${post.id} is left ${post.status}`),
    ...state.lanes
      .filter(({ claim }) => claim !== null)
      .map(({ account }) => `lane ${account} is still claimed`),
    ...state.jobs
      .filter(({ state: is }) => is !== 'waiting')
      .map(({ post, state: is }) => `job ${post} is still ${is}`),
  ]
}

import { ACCOUNTS } from '../database/fixture.ts'
import { remoteMediaOf } from '../database/media.ts'
import type { Snapshot } from '../database/snapshot.ts'
import type { Permit, Truth } from '../truth.ts'
import type { World } from '../world.ts'
import type { XState } from '../x/x-state.ts'
import { indexRows, segmentKey } from './index-rows.ts'

/** Attempts of a segment that were given up because X did not show them. */
const givenUp = (state: Snapshot, key: string) =>
  state.attempts.filter((each) => segmentKey(each) === key && each.slug === 'not-on-x').length

/**
 * X has no segment twice. Where a seed lets X break what docs/architecture.md assumes, a workspace that
 * allows resending may see one more for each attempt that was given up as absent, and no other does.
 */
export const nothingTwice = (world: World, state: Snapshot, truth: Truth): string[] => {
  const taken = Map.groupBy(
    truth.permits.filter(({ accepted }) => accepted),
    ({ segment }) => segmentKey(segment),
  )
  return [...taken].flatMap(([key, permits]) => {
    const allowed = world.plan.x.isWild ? 1 + givenUp(state, key) : 1
    return permits.length > allowed
      ? [
          `X has segment ${key} ${permits.length} times: ${permits.map(({ accepted }) => accepted?.remoteId)}`,
        ]
      : []
  })
}

const SLACK_MS = 1_500

/** Between the Go and the answer. A worker suspended with its machine misjudges the time. */
const isWithin = ({ plan }: World, permits: Permit[], at: number, acceptedAt: number): boolean => {
  const begun = Math.min(...permits.map(({ attempt }) => attempt.sending))
  const earliest = Math.min(begun, acceptedAt - plan.x.clockBehindMs) - SLACK_MS
  return (at >= earliest || plan.isolate.suspends) && at <= acceptedAt + SLACK_MS
}

/**
 * What we say is published is on X, as this account's, with this text, under this parent, and X took it from us
 * for this segment: of two that say the same, it may be the other's only where X took both.
 */
export const publishedIsOnX = (
  world: World,
  state: Snapshot,
  truth: Truth,
  x: XState,
): string[] => {
  const { posts, segments } = indexRows(state)
  const owners = new Map(
    state.owned.map(([remote, post, position]) => [remote, segmentKey({ post, position })]),
  )
  return state.segments.flatMap((segment) => {
    if (segment.remote === null) return []
    const found = x.has(segment.remote)
    const post = posts.get(segment.post)
    const account = ACCOUNTS.find(({ id }) => id === post?.account)
    const parent =
      segments.get(segmentKey({ ...segment, position: segment.position - 1 }))?.remote ?? null
    const key = segmentKey(segment)
    const permits = truth.of(segment.post, segment.position)
    const acceptedAt = (found?.at ?? 0) + world.plan.x.clockBehindMs
    const checks: [boolean, string][] = [
      [found?.user_id === account?.remoteUserId, `segment ${key} is not on X as ${segment.remote}`],
      [
        world.plan.x.isWild || permits.some(({ accepted }) => accepted),
        `segment ${key} is called ${segment.remote}, and X took none of its attempts`,
      ],
      [found?.text === segment.text, `segment ${key} says another text than X`],
      [
        String(found?.media ?? []) === String(remoteMediaOf(segment.media)),
        `segment ${key} shows other pictures than X`,
      ],
      [found?.reply_to === parent, `segment ${key} replies to ${found?.reply_to}, not ${parent}`],
      [
        owners.get(segment.remote) === key,
        `${segment.remote} belongs to ${owners.get(segment.remote)}, not ${key}`,
      ],
      [
        segment.position > 0 || isWithin(world, permits, post?.published ?? 0, acceptedAt),
        `post ${segment.post} was not published at ${post?.published} but ${acceptedAt}`,
      ],
    ]
    return checks.filter(([holds]) => !holds).map(([, fault]) => fault)
  })
}

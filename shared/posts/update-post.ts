import type { Caller } from '../db/caller.ts'
import type { Settling } from '../media/settle-upload.ts'
import { segmentsOf, type UpdatePostInput } from './inputs.ts'
import { ReviewedPost } from './post.ts'
import { pointInto, refuseProblems, reviewPost, warningsOf } from './review-post.ts'

/**
 * Changes what has not been sent: of a partially published thread, the segments after those that are
 * on the network. `version` null skips the comparison.
 */
export const updatePost = async (
  deps: Settling,
  caller: Pick<Caller, 'rpc'>,
  postId: string,
  input: UpdatePostInput,
  version: number | null,
): Promise<ReviewedPost> => {
  const { content: _content, media_ids: _media, segments: _segments, ...rest } = input
  const segments = segmentsOf(input)
  const warnings =
    segments.length > 0 ? await reviewed(deps, caller, { postId, version }, input) : []

  const post = await caller.rpc<object>('update_post', {
    p_post_id: postId,
    p_changes: segments.length > 0 ? { ...rest, segments } : rest,
    p_version: version,
  })
  return ReviewedPost.parse({ ...post, warnings })
}

/** A change names no time: what a day or a budget has no room for is its segments. */
const aboutSegments = <Notice extends { pointer: string }>(notice: Notice): Notice =>
  notice.pointer === '/scheduled_at' ? { ...notice, pointer: '/segments' } : notice

const reviewed = async (
  deps: Settling,
  caller: Pick<Caller, 'rpc'>,
  { postId, version }: { postId: string; version: number | null },
  input: UpdatePostInput,
) => {
  const plan = { post_id: postId, segments: segmentsOf(input), version }
  const review = await reviewPost(deps, caller, plan)
  refuseProblems({ ...review, problems: review.problems.map(aboutSegments) }, input)
  return warningsOf(review).map((warning) => pointInto(input, aboutSegments(warning)))
}

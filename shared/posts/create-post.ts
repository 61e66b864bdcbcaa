import type { Caller } from '../db/caller.ts'
import type { Settling } from '../media/settle-upload.ts'
import { type CreatePostInput, segmentsOf } from './inputs.ts'
import { ReviewedPost } from './post.ts'
import { pointInto, refuseProblems, reviewPost, warningsOf } from './review-post.ts'

/**
 * Creates a draft, or a scheduled post when `scheduled_at` is given. A dry run answers the same and
 * keeps nothing. Throws 422 naming each text the network would refuse.
 */
export const createPost = async (
  deps: Settling,
  caller: Pick<Caller, 'rpc'>,
  input: CreatePostInput,
  dryRun: boolean,
): Promise<ReviewedPost> => {
  const { content: _content, media_ids: _media, ...rest } = input
  const { account_id, scheduled_at } = input
  const segments = segmentsOf(input)
  const review = await reviewPost(deps, caller, { account_id, segments, scheduled_at })
  refuseProblems(review, input)

  const post = await caller.rpc<object>('create_post', {
    p_post: { ...rest, segments },
    p_dry_run: dryRun,
  })
  const warnings = warningsOf(review).map((warning) => pointInto(input, warning))
  return ReviewedPost.parse({ ...post, warnings })
}

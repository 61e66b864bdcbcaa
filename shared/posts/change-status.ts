import type { Caller } from '../db/caller.ts'
import type { Settling } from '../media/settle-upload.ts'
import { Post, ReviewedPost } from './post.ts'
import { refuseProblems, reviewPost, warningsOf } from './review-post.ts'

type Rpc = Pick<Caller, 'rpc'>

/** Verbs that take nothing but the post and the version it was read at (null: any). */
type Verb =
  | 'unschedule_post'
  | 'resume_post'
  | 'drop_remainder'
  | 'unpublish_post'
  | 'cancel_post'
  | 'publish_post'
  | 'retry_post'

const change = (caller: Rpc, verb: Verb, postId: string, version: number | null) =>
  caller.rpc<object>(verb, { p_post_id: postId, p_version: version })

/** Texts were fine when they were written; what the account may send can have changed since. */
const reviewed = async (
  deps: Settling,
  caller: Rpc,
  postId: string,
  scheduledAt: string,
  version: number | null,
) => {
  const plan = { post_id: postId, scheduled_at: scheduledAt, version }
  const review = await reviewPost(deps, caller, plan)
  refuseProblems(review, { segments: review.segments })
  return warningsOf(review)
}

/** Schedules or reschedules; `scheduledAt` is an ISO instant or "now" (the database's). */
export const schedulePost = async (
  deps: Settling,
  caller: Rpc,
  postId: string,
  scheduledAt: string,
  options: { version: number | null; dryRun: boolean },
): Promise<ReviewedPost> => {
  const warnings = await reviewed(deps, caller, postId, scheduledAt, options.version)
  const post = await caller.rpc<object>('schedule_post', {
    p_post_id: postId,
    p_scheduled_at: scheduledAt,
    p_version: options.version,
    p_dry_run: options.dryRun,
  })
  return ReviewedPost.parse({ ...post, warnings })
}

const scheduleNow =
  (verb: 'publish_post' | 'retry_post') =>
  async (
    deps: Settling,
    caller: Rpc,
    postId: string,
    version: number | null,
  ): Promise<ReviewedPost> => {
    const warnings = await reviewed(deps, caller, postId, 'now', version)
    return ReviewedPost.parse({ ...(await change(caller, verb, postId, version)), warnings })
  }

/** Due at this instant. */
export const publishPost = scheduleNow('publish_post')

/** Tries a failed, missed or held post again, at this instant. */
export const retryPost = scheduleNow('retry_post')

const changing =
  (verb: Verb) =>
  async (caller: Rpc, postId: string, version: number | null): Promise<Post> =>
    Post.parse(await change(caller, verb, postId, version))

/** Back to a draft. Safe to repeat. */
export const unschedulePost = changing('unschedule_post')

/** Sends the rest of a thread of which the network has the first segments only, if it may be sent as it is now. */
export const resumePost = async (
  deps: Settling,
  caller: Rpc,
  postId: string,
  version: number | null,
): Promise<Post> => {
  const review = await reviewPost(deps, caller, { post_id: postId, version }, { goesOut: true })
  refuseProblems(review, { segments: review.segments })
  return Post.parse(await change(caller, 'resume_post', postId, version))
}

/** Gives up the rest of such a thread: what the network has is the post. Safe to repeat. */
export const dropRemainder = changing('drop_remainder')

/** Has every segment deleted on the network, by a worker, the last one first. Safe to repeat. */
export const unpublishPost = changing('unpublish_post')

/** Cancels a post that is not on the network. Safe to repeat. */
export const cancelPost = changing('cancel_post')

/** A new draft with the text, media and settings of any post. */
export const duplicatePost = async (caller: Rpc, postId: string): Promise<Post> =>
  Post.parse(await caller.rpc('duplicate_post', { p_post_id: postId }))

import type { Caller } from '../db/caller.ts'
import { Post } from './post.ts'

type Rpc = Pick<Caller, 'rpc'>

/** Schedules or reschedules; `scheduledAt` is an ISO instant or "now" (the database's). */
export const schedulePost = async (
  caller: Rpc,
  postId: string,
  scheduledAt: string,
  options: { version: number | null; dryRun: boolean },
): Promise<Post> =>
  Post.parse(
    await caller.rpc('schedule_post', {
      p_post_id: postId,
      p_scheduled_at: scheduledAt,
      p_version: options.version,
      p_dry_run: options.dryRun,
    }),
  )

/** Back to a draft. Safe to repeat. */
export const unschedulePost = async (caller: Rpc, postId: string, version: number | null) =>
  Post.parse(await caller.rpc('unschedule_post', { p_post_id: postId, p_version: version }))

/** Due at this instant; a failed or missed post is tried again this way. */
export const publishPost = async (caller: Rpc, postId: string, version: number | null) =>
  Post.parse(await caller.rpc('publish_post', { p_post_id: postId, p_version: version }))

/** Sends the rest of a thread of which the network has the first segments only. */
export const resumePost = async (caller: Rpc, postId: string, version: number | null) =>
  Post.parse(await caller.rpc('resume_post', { p_post_id: postId, p_version: version }))

/** Cancels a post that is not on the network. Safe to repeat. */
export const cancelPost = async (caller: Rpc, postId: string, version: number | null) =>
  Post.parse(await caller.rpc('cancel_post', { p_post_id: postId, p_version: version }))

/** Settles an unconfirmed post: its id on the network, or null when somebody looked in vain. */
export const resolvePost = async (
  caller: Rpc,
  postId: string,
  remoteId: string | null,
  version: number | null,
) =>
  Post.parse(
    await caller.rpc('resolve_post', {
      p_post_id: postId,
      p_remote_id: remoteId,
      p_version: version,
    }),
  )

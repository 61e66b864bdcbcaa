import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { accountLimits } from './account-limits.ts'
import { type CreatePostInput, textsOf } from './inputs.ts'
import { Post } from './post.ts'
import { tooLong } from './too-long.ts'

/**
 * Creates a draft, or a scheduled post when `scheduled_at` is given. A dry run answers the same and
 * keeps nothing. Throws 422 naming each text that is too long for the account.
 */
export const createPost = async (
  caller: Caller,
  input: CreatePostInput,
  dryRun: boolean,
): Promise<Post> => {
  const texts = textsOf(input)
  const { text_limit: limit } = await accountLimits(caller, input.account_id)
  const faults = tooLong(texts, limit, input)
  if (faults.length > 0) throw problems.invalid(faults)

  const { content: _content, ...rest } = input
  const post = await caller.rpc('create_post', {
    p_post: { ...rest, segments: texts },
    p_dry_run: dryRun,
  })
  return Post.parse(post)
}

import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { accountLimits } from './account-limits.ts'
import { getPost } from './get-post.ts'
import { textsOf, type UpdatePostInput } from './inputs.ts'
import { Post } from './post.ts'
import { tooLong } from './too-long.ts'

/** Changes a post that has not been sent. `version` null skips the comparison. */
export const updatePost = async (
  caller: Caller,
  postId: string,
  input: UpdatePostInput,
  version: number | null,
): Promise<Post> => {
  const texts = textsOf(input)
  if (texts.length > 0) await requireFit(caller, postId, texts, input)

  const { content: _content, segments: _segments, ...rest } = input
  const post = await caller.rpc('update_post', {
    p_post_id: postId,
    p_changes: texts.length > 0 ? { ...rest, segments: texts } : rest,
    p_version: version,
  })
  return Post.parse(post)
}

const requireFit = async (
  caller: Caller,
  postId: string,
  texts: string[],
  input: UpdatePostInput,
) => {
  const { account_id: accountId } = await getPost(caller, postId)
  const { text_limit: limit } = await accountLimits(caller, accountId)
  const faults = tooLong(texts, limit, input)
  if (faults.length > 0) throw problems.invalid(faults)
}

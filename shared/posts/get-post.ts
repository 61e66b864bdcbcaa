import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { Post } from './post.ts'

/** Throws 404 when the post is absent or not the caller's to see. */
export const getPost = async (caller: Pick<Caller, 'rpc'>, postId: string): Promise<Post> => {
  const post = await caller.rpc('get_post', { p_post_id: postId })
  if (post === null) throw problems.notFound()
  return Post.parse(post)
}

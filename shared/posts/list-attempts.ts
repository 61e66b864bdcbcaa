import type { Caller } from '../db/caller.ts'
import { getPost } from './get-post.ts'
import { Attempt } from './post.ts'

/** Every time a segment of the post was, or may have been, sent. Throws 404 like `getPost`. */
export const listAttempts = async (caller: Pick<Caller, 'rpc'>, postId: string) => {
  const rows = await caller.rpc<unknown[]>('list_attempts', { p_post_id: postId })
  if (rows.length === 0) await getPost(caller, postId)
  return rows.map((row) => Attempt.parse(row))
}

import type { Caller } from '../db/caller.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { Post } from './post.ts'

export type PostFilter = Partial<Record<'account_id' | 'status' | 'from' | 'to' | 'q', string>>

/** At most `count` posts of a workspace (null: the personal one), newest first, after `before`. */
export const listPosts = async (
  caller: Caller,
  workspaceId: string | null,
  filter: PostFilter,
  before: string | null,
  count: number,
): Promise<Post[]> => {
  const rows = await caller.rpc<unknown[]>('list_posts', {
    p_workspace_id: workspaceId,
    p_filter: filter,
    p_before: before,
    p_limit: count,
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  return rows.map((row) => Post.parse(row))
}

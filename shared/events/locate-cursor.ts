import type { Caller } from '../db/caller.ts'
import { encodeCursor } from '../http/cursor.ts'
import { problems } from '../http/problems.ts'

type Located = { fork: string | null; lost_after: number | null }

/**
 * The newest fork of a workspace's log (null: the personal one), for the next cursor. Throws 409 with
 * the cursor to go on from when what the reader knows up to `after` belongs to a past that is lost.
 */
export const locateCursor = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string | null,
  after: number,
  fork: string | null,
): Promise<string | null> => {
  const located = await caller.rpc<Located>('locate_event_cursor', {
    p_workspace_id: workspaceId,
    p_after: after,
    p_fork: fork,
  })
  if (located.lost_after === null) return located.fork
  throw problems.logRestored(encodeCursor([located.lost_after, located.fork]))
}

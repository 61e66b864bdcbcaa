import type { Caller } from '../db/caller.ts'

/**
 * `fork`: the newest fork of the log, for the next cursor. `lost_after`: null, or where a reader has to
 * go back to whose cursor belongs to a past that is lost. `forgotten_to`: null, or the last event that
 * is kept no longer, when the cursor is before it.
 */
export type Located = {
  fork: string | null
  lost_after: number | null
  forgotten_to: number | null
}

/** Where in a workspace's log (null: the personal one) a reader stands who knows it up to `after`. */
export const locateCursor = (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string | null,
  after: number | null,
  fork: string | null,
): Promise<Located> =>
  caller.rpc<Located>('locate_event_cursor', {
    p_workspace_id: workspaceId,
    p_after: after,
    p_fork: fork,
  })

import type { Caller } from '../db/caller.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { Event } from './event.ts'

/** At most `count` events of a workspace (null: the personal one) after a sequence, oldest first. */
export const listEvents = async (
  caller: Caller,
  workspaceId: string | null,
  after: number,
  count: number,
): Promise<Event[]> => {
  const rows = await caller.rpc<unknown[]>('list_events', {
    p_workspace_id: workspaceId,
    p_after: after,
    p_limit: count,
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  return rows.map((row) => Event.parse(row))
}

import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'

/** Throws 404 when a workspace was named that is not the caller's to see. Asked of empty lists only. */
export const requireVisible = async (
  caller: Pick<Caller, 'select'>,
  workspaceId: string | null,
): Promise<void> => {
  if (workspaceId === null) return
  const rows = await caller.select('workspaces', { id: `eq.${workspaceId}`, select: 'id' })
  if (rows.length === 0) throw problems.notFound()
}

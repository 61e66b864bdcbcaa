import type { Caller } from '../db/caller.ts'
import { requireVisible } from '../workspaces/require-visible.ts'

/** `lastSequence`: of the newest event in the log, 0 before the first; `fork`: the newest of the log. */
export type EndOfEvents = { lastSequence: number; fork: string | null }

type Answer = { last_sequence: number | null; fork: string | null }

/** Where the log of a workspace (null: the personal one) ends now: what comes later is behind it. */
export const endOfEvents = async (
  caller: Pick<Caller, 'rpc' | 'select'>,
  workspaceId: string | null,
): Promise<EndOfEvents> => {
  const { last_sequence: last, fork } = await caller.rpc<Answer>('end_of_events', {
    p_workspace_id: workspaceId,
  })
  if (last === null) await requireVisible(caller, workspaceId)
  return { lastSequence: last ?? 0, fork }
}

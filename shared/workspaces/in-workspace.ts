import type { Caller } from '../db/caller.ts'

/**
 * PostgREST parameters that keep the rows of one workspace; null means the caller's personal one,
 * found through the foreign key in the same request.
 */
export const inWorkspace = (
  caller: Pick<Caller, 'userId'>,
  workspaceId: string | null,
): Record<string, string> =>
  workspaceId === null
    ? {
        select: '*,workspaces!inner()',
        'workspaces.owner_id': `eq.${caller.userId}`,
        'workspaces.is_personal': 'is.true',
      }
    : { select: '*', workspace_id: `eq.${workspaceId}` }

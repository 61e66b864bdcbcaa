import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'

/** The id of the workspace a request belongs to when it names none. */
export const personalWorkspaceId = async (
  caller: Pick<Caller, 'userId' | 'select'>,
): Promise<string> => {
  const [workspace] = await caller.select<{ id: string }>('workspaces', {
    owner_id: `eq.${caller.userId}`,
    is_personal: 'is.true',
    select: 'id',
  })
  // A token whose person has been deleted outlives them by minutes.
  if (!workspace) throw problems.unauthorized('The person this token was issued to is gone.')
  return workspace.id
}

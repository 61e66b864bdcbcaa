import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { newestFirst } from '../db/newest-first.ts'
import { inWorkspace } from '../workspaces/in-workspace.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { Account } from './account.ts'

export type AccountKey = [createdAt: string, id: string]

/** At most `count` accounts of a workspace (null: the personal one), newest first, after a key. */
export const listAccounts = async (
  caller: Caller,
  workspaceId: string | null,
  after: AccountKey | null,
  count: number,
): Promise<Account[]> => {
  const rows = await caller.select('accounts', {
    ...inWorkspace(caller, workspaceId),
    ...newestFirst(after, count),
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  return z.array(Account).parse(rows)
}

import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { Account, type UpdateAccountInput } from './account.ts'

/** Throws 404 when the account is absent or not the caller's to see. */
export const getAccount = async (
  caller: Pick<Caller, 'select'>,
  accountId: string,
): Promise<Account> => {
  const [row] = await caller.select('accounts', { id: `eq.${accountId}` })
  if (!row) throw problems.notFound()
  return Account.parse(row)
}

/** Pauses, resumes or changes the zone. `version` null skips the comparison. */
export const updateAccount = async (
  caller: Pick<Caller, 'rpc'>,
  accountId: string,
  changes: UpdateAccountInput,
  version: number | null,
): Promise<Account> =>
  Account.parse(
    await caller.rpc('update_account', {
      p_account_id: accountId,
      p_changes: changes,
      p_version: version,
    }),
  )

/** Destroys the tokens here and has them revoked at the network. Safe to repeat. */
export const disconnectAccount = async (
  caller: Pick<Caller, 'rpc'>,
  accountId: string,
  version: number | null,
): Promise<Account> =>
  Account.parse(
    await caller.rpc('disconnect_account', { p_account_id: accountId, p_version: version }),
  )

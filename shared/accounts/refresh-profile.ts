import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network } from '../networks/network.ts'
import type { Account } from './account.ts'
import { getAccount } from './manage-account.ts'
import { ownToken } from './own-token.ts'

type Asked = { account_id: string; status: string; is_due: boolean }

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>

const READ_TIMEOUT_MS = 10_000

/**
 * Asks the network again what the account is called and how long its texts may be, not twice a minute.
 * Throws 409 when it is not connected, 503 when the network does not answer; then nothing has changed.
 */
export const refreshProfile = async (
  deps: Need,
  caller: Pick<Caller, 'rpc' | 'select'>,
  network: Network,
  accountId: string,
): Promise<Account> => {
  const asked = await caller.rpc<Asked>('start_profile_refresh', { p_account_id: accountId })
  if (asked.is_due) await readProfile(deps, network, asked)
  return getAccount(caller, accountId)
}

const readProfile = async (deps: Need, network: Network, asked: Asked): Promise<void> => {
  const token = await ownToken(deps, network, asked)
  if (token === null) throw problems.accountNotConnected()
  const answer = await network.me(token, { signal: deps.deadline(READ_TIMEOUT_MS) })
  if (answer.kind !== 'profile') throw problems.networkUnavailable(answer.detail)
  const { remoteUserId, username, name, lengthLimit } = answer.profile
  await deps.service('save_profile', {
    p_account_id: asked.account_id,
    p_profile: {
      remote_user_id: remoteUserId,
      twitter_username: username,
      display_name: name,
      text_limit: lengthLimit,
    },
  })
}

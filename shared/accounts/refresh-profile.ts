import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network, Profile } from '../networks/network.ts'
import type { Account } from './account.ts'
import { askAsAccount } from './ask-as-account.ts'
import { getAccount } from './manage-account.ts'

/** `is_due`: the network is to be asked now. `is_known`: it answered when it was last asked. */
type Asked = { account_id: string; status: string; is_due: boolean; is_known: boolean }

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>

const READ_TIMEOUT_MS = 10_000

/**
 * Asks the network again what the account is called and how long its texts may be, not twice a minute.
 * Throws 409 when the account is not connected or refused, 503 when the network does not answer; then
 * nothing has changed.
 */
export const refreshProfile = async (
  deps: Need,
  caller: Pick<Caller, 'rpc' | 'select'>,
  network: Network,
  accountId: string,
): Promise<Account> => {
  const asked = await caller.rpc<Asked>('start_profile_refresh', { p_account_id: accountId })
  if (asked.is_due) await saveProfile(deps, accountId, await readProfile(deps, network, asked))
  else if (!asked.is_known) {
    throw problems.networkUnavailable('it was asked less than a minute ago.', 60)
  }
  return getAccount(caller, accountId)
}

const readProfile = async (deps: Need, network: Network, asked: Asked): Promise<Profile> => {
  const answer = await askAsAccount(deps, network, asked, (accessToken) =>
    network.me(accessToken, { signal: deps.deadline(READ_TIMEOUT_MS) }),
  )
  if (answer === null) throw problems.accountNotConnected()
  if (answer.kind === 'refused' || answer.kind === 'account_blocked') {
    throw problems.accountNotConnected(answer)
  }
  if (answer.kind !== 'profile') throw problems.networkUnavailable(answer.detail, 60)
  return answer.profile
}

const saveProfile = (deps: Need, accountId: string, profile: Profile) =>
  deps.service('save_profile', {
    p_account_id: accountId,
    p_profile: {
      remote_user_id: profile.remoteUserId,
      twitter_username: profile.username,
      display_name: profile.name,
      text_limit: profile.lengthLimit,
    },
  })

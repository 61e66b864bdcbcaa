import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network } from '../networks/network.ts'
import { accessToken } from './access-token.ts'
import type { TokenHolder } from './token-holder.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>

/**
 * An account's own access token, for a question that a person waits for. Null when there is none to ask
 * with (disconnected, say); throws 503 when there may be one in a while.
 */
export const ownToken = async (
  deps: Need,
  network: Network,
  account: { account_id: string; status: string },
): Promise<string | null> => {
  const isConnected = account.status === 'active' || account.status === 'paused'
  const holder = isConnected
    ? await deps.service<TokenHolder | null>('get_token_holder', {
        p_account_id: account.account_id,
      })
    : null
  if (!holder) return null
  const token = await accessToken(deps, network, holder)
  if (token.kind === 'later') throw problems.networkUnavailable(token.detail)
  return token.kind === 'token' ? token.accessToken : null
}

import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network } from '../networks/network.ts'
import { accessToken } from './access-token.ts'
import type { TokenHolder } from './token-holder.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>

/** Any answer of a network; `reauth` is its 401. */
type Answer = { kind: string }

/**
 * Asks the network something as an account, for a person who waits. A 401 is believed only after one
 * refresh. Null when there is no token to ask with (disconnected, or refused for good); throws 503 when
 * there may be one in a while.
 */
export const askAsAccount = async <Out extends Answer>(
  deps: Need,
  network: Network,
  account: { account_id: string; status: string },
  ask: (accessToken: string) => Promise<Out>,
): Promise<Out | null> => {
  const isConnected = account.status === 'active' || account.status === 'paused'
  const holder = isConnected
    ? await deps.service<TokenHolder | null>('get_token_holder', {
        p_account_id: account.account_id,
      })
    : null
  if (!holder) return null
  const first = await tokenOf(deps, network, holder, false)
  if (!first) return null
  const answer = await ask(first.accessToken)
  if (answer.kind !== 'reauth') return answer
  const second = await tokenOf(deps, network, first.holder, true)
  return second && ask(second.accessToken)
}

const tokenOf = async (deps: Need, network: Network, holder: TokenHolder, rejected: boolean) => {
  const token = await accessToken(deps, network, holder, rejected)
  if (token.kind === 'later') throw problems.networkUnavailable(token.detail)
  return token.kind === 'token' ? token : null
}

import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { openTokens } from './token-envelope.ts'
import type { TokenHolder } from './token-holder.ts'

type Revocation = Pick<TokenHolder, 'account_id' | 'workspace_id' | 'encrypted_tokens'>

/**
 * Tells the network to forget the tokens of disconnected accounts. One that fails is tried again
 * later by itself. Returns how many it tried.
 */
export const revokeTokens = async (
  deps: Pick<Deps, 'env' | 'service' | 'log'>,
  network: Pick<Network, 'revoke'>,
): Promise<number> => {
  const revocations = await deps.service<Revocation[]>('claim_token_revocations')
  for (const revocation of revocations) {
    const keys = deps.env.ENCRYPTION_KEYS
    const tokens = await openTokens(keys, revocation.encrypted_tokens, revocation)
    const answers = [await network.revoke(tokens.refresh_token ?? tokens.access_token)]
    if (tokens.refresh_token) answers.push(await network.revoke(tokens.access_token))
    // A definite refusal means the network does not know the token: nothing is left to revoke.
    if (answers.every(({ kind }) => kind === 'revoked' || kind === 'refused')) {
      await deps.service('finish_token_revocation', { p_account_id: revocation.account_id })
    }
    deps.log({ message: 'tokens revoked', account_id: revocation.account_id })
  }
  return revocations.length
}

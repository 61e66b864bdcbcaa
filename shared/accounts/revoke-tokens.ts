import type { Deps } from '../deps.ts'
import type { AppCredentials, Network } from '../networks/network.ts'
import { openApp, type SealedApp } from './app-credentials.ts'
import { openTokens } from './token-envelope.ts'
import type { TokenHolder } from './token-holder.ts'

const TIMEOUT_MS = 20_000

type Revocation = Pick<TokenHolder, 'account_id' | 'workspace_id' | 'encrypted_tokens'> & {
  app?: SealedApp | null
}

/**
 * Tells the network to forget the tokens of disconnected accounts. One that fails is tried again
 * later by itself. Returns how many it tried.
 */
export const revokeTokens = async (
  deps: Pick<Deps, 'env' | 'deadline' | 'service' | 'log'>,
  network: Pick<Network, 'revoke'>,
): Promise<number> => {
  const revocations = await deps.service<Revocation[]>('claim_token_revocations')
  for (const revocation of revocations) {
    const { account_id } = revocation
    try {
      const done = await revokeBoth(deps, network, revocation)
      if (done) await deps.service('finish_token_revocation', { p_account_id: account_id })
      deps.log({ message: done ? 'tokens revoked' : 'tokens not revoked yet', account_id })
    } catch (error) {
      deps.log({ level: 'error', message: 'revocation failed', account_id, error: String(error) })
    }
  }
  return revocations.length
}

const revokeBoth = async (
  deps: Pick<Deps, 'env' | 'deadline'>,
  network: Pick<Network, 'revoke'>,
  revocation: Revocation,
): Promise<boolean> => {
  const keys = deps.env.ENCRYPTION_KEYS
  const tokens = openTokens(keys, revocation.encrypted_tokens, revocation)
  const pair = [tokens.refresh_token, tokens.access_token]
  return revokePair(deps, network, pair, openApp(keys, revocation.app))
}

/**
 * Tells the network to forget a pair; false when it may still know a token. A definite refusal means that
 * it does not know the token: nothing is left to revoke.
 */
export const revokePair = async (
  deps: Pick<Deps, 'deadline'>,
  network: Pick<Network, 'revoke'>,
  pair: (string | null)[],
  app: AppCredentials | undefined,
): Promise<boolean> => {
  let done = true
  for (const token of pair.filter((one) => one !== null)) {
    const { kind } = await network.revoke(token, { signal: deps.deadline(TIMEOUT_MS), app })
    done &&= kind === 'revoked' || kind === 'refused'
  }
  return done
}

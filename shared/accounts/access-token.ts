import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { startLease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import { openApp, type SealedApp } from './app-credentials.ts'
import { refreshTokens, type TokenError } from './refresh-tokens.ts'
import { openTokens } from './token-envelope.ts'
import type { TokenHolder } from './token-holder.ts'

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>

export type AccessToken =
  | { kind: 'token'; accessToken: string; holder: TokenHolder }
  /** The account's owner has to connect it again; it is marked so. */
  | { kind: 'reauth'; detail: string }
  /** No usable token now; nothing is known to be wrong with the account. */
  | { kind: 'later'; detail: string; error?: TokenError }

type Lease = {
  leased: boolean
  version: number
  encrypted_tokens: string
  expires_at: string
  /** Why the last refresh failed, if it did. */
  error?: TokenError | null
  /** The customer's X app they belong to, if any. */
  app?: SealedApp | null
} | null

/** Refreshed this long before they end. */
const EARLY_MS = 600_000
/** With less than this a token may end under way. */
const LEAST_MS = 30_000
/** How long the database lets one worker refresh. */
const LEASE_MS = 60_000

const msLeft = (deps: Need, holder: TokenHolder) =>
  new Date(holder.tokens_expire_at).getTime() - deps.now().getTime()

/**
 * A token to act for an account. Refreshes it within 10 minutes of its end, or when `rejected` says
 * the network answered 401 to it. One refresh at a time per account, under a lease in the database,
 * because refresh tokens work once; none is begun by an isolate that may end before it has saved the new pair.
 */
export const accessToken = async (
  deps: Need,
  network: Pick<Network, 'refresh'>,
  holder: TokenHolder,
  rejected = false,
): Promise<AccessToken> => {
  if (!rejected && msLeft(deps, holder) > EARLY_MS) return opened(deps, holder)

  if (deps.ending.aborted) {
    return !rejected && msLeft(deps, holder) > LEAST_MS
      ? opened(deps, holder)
      : { kind: 'later', detail: 'The platform is about to end the worker.' }
  }
  const leaseOf = startLease(deps)
  const lease = await leaseRefresh(deps, holder)
  if (!lease) return { kind: 'later', detail: 'The account was disconnected.' }
  const current = {
    ...holder,
    encrypted_tokens: lease.encrypted_tokens,
    tokens_expire_at: lease.expires_at,
    tokens_version: lease.version,
  }
  const isUsable = !rejected && msLeft(deps, current) > LEAST_MS
  if (lease.leased) {
    const app = openApp(deps.env.ENCRYPTION_KEYS, lease.app)
    const refreshed = await refreshTokens(deps, network, current, leaseOf(LEASE_MS), app)
    return refreshed.kind === 'later' && isUsable ? opened(deps, current) : refreshed
  }
  // Somebody else refreshes, or has just done so; or a refresh would not help.
  if (lease.version !== holder.tokens_version || isUsable) return opened(deps, current)
  return lease.error
    ? { kind: 'later', detail: lease.error.detail, error: lease.error }
    : { kind: 'later', detail: 'The token cannot be refreshed right now.' }
}

const opened = async (deps: Need, holder: TokenHolder): Promise<AccessToken> => {
  const tokens = openTokens(deps.env.ENCRYPTION_KEYS, holder.encrypted_tokens, holder)
  return { kind: 'token', accessToken: tokens.access_token, holder }
}

const leaseRefresh = (deps: Need, holder: TokenHolder): Promise<Lease> => {
  const args = {
    p_account_id: holder.account_id,
    p_version: holder.tokens_version,
    p_lease: deps.randomUUID(),
  }
  return retry(deps, () => deps.service<Lease>('lease_token_refresh', args), { forMs: 5_000 })
}

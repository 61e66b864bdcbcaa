import type { Deps } from '../deps.ts'
import type { Network } from '../networks/network.ts'
import { retry } from '../worker/retry.ts'
import { openTokens, sealTokens } from './token-envelope.ts'
import type { TokenHolder } from './token-holder.ts'

type Need = Pick<Deps, 'env' | 'now' | 'monotonic' | 'sleep' | 'randomUUID' | 'service'>
type Refresher = Pick<Network, 'refresh'>

export type AccessToken =
  | { kind: 'token'; accessToken: string; holder: TokenHolder }
  /** The account's owner has to connect it again; it is marked so. */
  | { kind: 'reauth'; detail: string }
  /** No usable token now; nothing is known to be wrong with the account. */
  | { kind: 'later'; detail: string }

type Lease = {
  leased: boolean
  version: number
  encrypted_tokens: string
  expires_at: string
} | null

/** Refreshed this long before they end. */
const EARLY_MS = 600_000

/** Refusals of the grant itself. Others (a wrong app secret, say) are not the account's fault. */
const DEFINITE = new Set(['grant-refused', 'access-denied'])

const msLeft = (deps: Need, holder: TokenHolder) =>
  new Date(holder.tokens_expire_at).getTime() - deps.now().getTime()

/**
 * A token to act for an account. Refreshes it within 10 minutes of its end, or when `rejected` says
 * the network answered 401 to it. One refresh at a time per account, under a lease in the database,
 * because refresh tokens work once.
 */
export const accessToken = async (
  deps: Need,
  network: Refresher,
  holder: TokenHolder,
  rejected = false,
): Promise<AccessToken> => {
  if (!rejected && msLeft(deps, holder) > EARLY_MS) return opened(deps, holder)

  const lease = await deps.service<Lease>('lease_token_refresh', {
    p_account_id: holder.account_id,
    p_version: holder.tokens_version,
    p_lease: deps.randomUUID(),
  })
  if (!lease) return { kind: 'later', detail: 'The account was disconnected.' }
  if (lease.leased) return refreshed(deps, network, holder, rejected)
  const current = {
    ...holder,
    encrypted_tokens: lease.encrypted_tokens,
    tokens_expire_at: lease.expires_at,
    tokens_version: lease.version,
  }
  // Somebody else refreshes, or has just done so.
  if (lease.version !== holder.tokens_version) return opened(deps, current)
  return !rejected && msLeft(deps, current) > 30_000
    ? opened(deps, current)
    : { kind: 'later', detail: 'Another worker is refreshing the token.' }
}

const opened = async (deps: Need, holder: TokenHolder): Promise<AccessToken> => {
  const tokens = await openTokens(deps.env.ENCRYPTION_KEYS, holder.encrypted_tokens, holder)
  return { kind: 'token', accessToken: tokens.access_token, holder }
}

const refreshed = async (
  deps: Need,
  network: Refresher,
  holder: TokenHolder,
  rejected: boolean,
): Promise<AccessToken> => {
  const old = await openTokens(deps.env.ENCRYPTION_KEYS, holder.encrypted_tokens, holder)
  if (!old.refresh_token) return refused(deps, holder, 'The account granted no offline access.')

  let answer = await network.refresh(old.refresh_token)
  // An unknown outcome may have spent the token: one more try, never two.
  if (answer.kind === 'unknown') answer = await network.refresh(old.refresh_token)
  if (answer.kind === 'refused' && DEFINITE.has(answer.slug)) {
    return refused(deps, holder, answer.detail)
  }
  if (answer.kind !== 'granted') {
    return !rejected && msLeft(deps, holder) > 30_000
      ? opened(deps, holder)
      : { kind: 'later', detail: answer.detail }
  }
  const tokens = {
    access_token: answer.tokens.accessToken,
    refresh_token: answer.tokens.refreshToken ?? old.refresh_token,
    scope: answer.tokens.scope,
  }
  const saved = {
    ...holder,
    encrypted_tokens: await sealTokens(deps.env.ENCRYPTION_KEYS, tokens, holder),
    tokens_expire_at: answer.tokens.expiresAt.toISOString(),
  }
  await save(deps, saved)
  return {
    kind: 'token',
    accessToken: tokens.access_token,
    holder: { ...saved, tokens_version: holder.tokens_version + 1 },
  }
}

/** The old pair is spent: losing the new one would lose the account, so saving is tried hard. */
const save = (deps: Need, holder: TokenHolder) =>
  retry(
    deps,
    () =>
      deps.service('save_refreshed_tokens', {
        p_account_id: holder.account_id,
        p_version: holder.tokens_version,
        p_encrypted_tokens: holder.encrypted_tokens,
        p_expires_at: holder.tokens_expire_at,
      }),
    { forMs: 60_000 },
  )

const refused = async (deps: Need, holder: TokenHolder, detail: string): Promise<AccessToken> => {
  await deps.service('require_reauth', {
    p_account_id: holder.account_id,
    p_version: holder.tokens_version,
    p_detail: detail,
  })
  return { kind: 'reauth', detail }
}

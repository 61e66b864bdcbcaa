import type { Deps } from '../deps.ts'
import type { AppCredentials, Network } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import type { Lease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import { openTokens, sealTokens } from './token-envelope.ts'
import type { TokenHolder } from './token-holder.ts'

type Need = Pick<Deps, 'env' | 'now' | 'monotonic' | 'sleep' | 'deadline' | 'service'>
type Refresher = Pick<Network, 'refresh'>

export type Refreshed =
  | { kind: 'token'; accessToken: string; holder: TokenHolder }
  | { kind: 'reauth'; detail: string }
  | { kind: 'later'; detail: string; error?: TokenError }

/** What the network answered instead of new tokens, and who can mend that. */
export type TokenError = Pick<Failure, 'slug' | 'detail' | 'who' | 'remedy'>

const TIMEOUT_MS = 20_000

/** Refusals of the grant itself. Others (a wrong app secret, say) are not the account's fault. */
const DEFINITE = new Set(['grant-refused', 'access-denied'])

/**
 * Spends the refresh token of an account whose refresh `lease` we hold, and stores the new pair.
 * Only X's definite refusal of the grant, given twice, asks for the account's owner, or the end of a token that
 * came without a refresh token: until then nothing is wrong with it.
 */
export const refreshTokens = async (
  deps: Need,
  network: Refresher,
  holder: TokenHolder,
  lease: Lease,
  app?: AppCredentials,
): Promise<Refreshed> => {
  const keys = deps.env.ENCRYPTION_KEYS
  const old = openTokens(keys, holder.encrypted_tokens, holder)
  if (!old.refresh_token) {
    const detail = 'The account granted no offline access.'
    const hasEnded = new Date(holder.tokens_expire_at) <= deps.now()
    return hasEnded ? refused(deps, holder, detail, true) : { kind: 'later', detail }
  }

  const answer = await refresh(deps, network, old.refresh_token, lease, app)
  if (answer.kind === 'refused' && DEFINITE.has(answer.slug)) {
    return refused(deps, holder, answer.detail)
  }
  if (answer.kind === 'too_late') return { kind: 'later', detail: answer.detail }
  if (answer.kind !== 'granted') return failing(deps, holder, answer)

  const tokens = {
    access_token: answer.tokens.accessToken,
    refresh_token: answer.tokens.refreshToken ?? old.refresh_token,
    scope: answer.tokens.scope,
  }
  const fresh = {
    ...holder,
    encrypted_tokens: sealTokens(keys, tokens, holder),
    tokens_expire_at: answer.tokens.expiresAt.toISOString(),
  }
  if (!(await save(deps, fresh))) {
    return { kind: 'later', detail: 'The account was connected again meanwhile.' }
  }
  return {
    kind: 'token',
    accessToken: tokens.access_token,
    holder: { ...fresh, tokens_version: holder.tokens_version + 1 },
  }
}

/** An unknown outcome may have spent the token: one more try, never two, never outside the lease. */
const refresh = async (
  deps: Need,
  network: Refresher,
  token: string,
  lease: Lease,
  app: AppCredentials | undefined,
): Promise<Awaited<ReturnType<Refresher['refresh']>> | { kind: 'too_late'; detail: string }> => {
  const hasTime = () => lease.leftMs() > TIMEOUT_MS
  const ask = () => network.refresh(token, { signal: deps.deadline(TIMEOUT_MS), app })

  if (!hasTime()) return { kind: 'too_late', detail: 'The worker was too slow to refresh safely.' }
  const answer = await ask()
  return answer.kind === 'unknown' && hasTime() ? ask() : answer
}

/** The old pair is spent: losing the new one would lose the account, so saving is tried hard. */
const save = async (deps: Need, holder: TokenHolder): Promise<boolean> => {
  const args = {
    p_account_id: holder.account_id,
    p_version: holder.tokens_version,
    p_encrypted_tokens: holder.encrypted_tokens,
    p_expires_at: holder.tokens_expire_at,
  }
  const call = () => deps.service<{ saved: boolean }>('save_refreshed_tokens', args)
  return (await retry(deps, call, { forMs: 60_000 })).saved
}

/** Posts wait for it, so the database keeps why, shows it, and has it tried ever more rarely. */
const failing = async (
  deps: Need,
  holder: TokenHolder,
  { slug, detail, who, remedy }: TokenError,
): Promise<Refreshed> => {
  const error = { slug, detail, who, remedy }
  const args = { p_account_id: holder.account_id, p_version: holder.tokens_version, p_error: error }
  await retry(deps, () => deps.service('note_refresh_failure', args), { forMs: 10_000 })
  return { kind: 'later', detail, error }
}

/** X is believed when it refuses a pair twice, a minute apart; the database remembers the first time. */
const refused = async (
  deps: Need,
  holder: TokenHolder,
  detail: string,
  isCertain = false,
): Promise<Refreshed> => {
  const args = {
    p_account_id: holder.account_id,
    p_version: holder.tokens_version,
    p_detail: detail,
    p_is_certain: isCertain,
  }
  const ask = () => deps.service<{ changed: boolean }>('require_reauth', args)
  const { changed } = await retry(deps, ask, { forMs: 10_000 })
  return { kind: changed ? 'reauth' : 'later', detail }
}

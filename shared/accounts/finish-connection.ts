import { decrypt } from '../crypto/encrypt.ts'
import { sha256 } from '../crypto/sha256.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../http/problem.ts'
import { problems } from '../http/problems.ts'
import type { AppCredentials, Network, Profile, Tokens } from '../networks/network.ts'
import { openApp, type SealedApp } from './app-credentials.ts'
import { revokePair } from './revoke-tokens.ts'
import { callbackUrl, mayReturnTo, verifierAad } from './start-connection.ts'
import { sealTokens } from './token-envelope.ts'

type Need = Pick<Deps, 'env' | 'service' | 'log' | 'deadline' | 'background'>
type X = Pick<Network, 'exchange' | 'me' | 'revoke'>

/** Somebody waits in front of a browser for each of the two calls. */
const TIMEOUT_MS = 15_000

type State = {
  workspace_id: string
  user_id: string
  x_app_id: string
  encrypted_verifier: string
  return_to: string | null
  app?: SealedApp | null
}

export type Connection = { returnTo: string | null } & ({ accountId: string } | { error: string })

/**
 * Ends a connection attempt with what the network's redirect brought. The state works once, whatever
 * comes of it. An error is a slug and nothing more: it ends up in the address of the caller's page.
 * Throws 400 when the state is unknown, expired or spent.
 */
export const finishConnection = async (
  deps: Need,
  network: X,
  callback: URLSearchParams,
): Promise<Connection> => {
  const stateText = callback.get('state') ?? ''
  const stateHash = await sha256(stateText)
  const state = await deps.service<State | null>('take_oauth_state', { p_state_hash: stateHash })
  if (!state) throw problems.oauthStateInvalid()
  const page = state.return_to ?? ''
  const returnTo = mayReturnTo(deps.env, page) ? page : null
  try {
    const accountId = await connect(deps, network, callback, state, stateHash)
    return { returnTo, accountId }
  } catch (error) {
    const slug = error instanceof Problem ? error.slug : 'internal'
    deps.log({ level: 'warn', message: 'connecting an account failed', slug, error: String(error) })
    return { returnTo, error: slug }
  }
}

const connect = async (
  deps: Need,
  network: X,
  callback: URLSearchParams,
  state: State,
  stateHash: string,
): Promise<string> => {
  const verifier = decrypt(
    deps.env.ENCRYPTION_KEYS,
    state.encrypted_verifier,
    verifierAad(stateHash, state.workspace_id),
  )
  const app = openApp(deps.env.ENCRYPTION_KEYS, state.app)
  const granted = await network.exchange(
    {
      callback,
      redirectUri: callbackUrl(deps.env),
      state: callback.get('state') ?? '',
      verifier,
    },
    { app, signal: deps.deadline(TIMEOUT_MS) },
  )
  if (granted.kind !== 'granted') throw new Problem(502, granted.slug, granted.detail)
  const forget = () => deps.background(revoke(deps, network, granted.tokens, app))
  const answer = await network.me(granted.tokens.accessToken, {
    signal: deps.deadline(TIMEOUT_MS),
  })
  if (answer.kind !== 'profile') {
    forget()
    throw new Problem(502, answer.slug, answer.detail)
  }
  try {
    return await store(deps, state, answer.profile, granted.tokens)
  } catch (error) {
    if (isOfNoUse(error)) forget()
    throw error
  }
}

/**
 * Whether the grant is surely of use to nobody: where the database's answer was lost, the account may
 * be connected; where it is connected already, X might take the other pair for the same grant.
 */
const isOfNoUse = (error: unknown): boolean =>
  error instanceof Problem && error.status < 500 && error.slug !== 'account-already-connected'

/** A grant that leads to no account would stay good at X, and nobody could revoke it later. */
const revoke = async (
  deps: Need,
  network: X,
  { refreshToken, accessToken }: Tokens,
  app: AppCredentials | undefined,
) => {
  const done = await revokePair(deps, network, [refreshToken, accessToken], app)
  deps.log({ message: done ? 'a grant was given back' : 'a grant could not be given back' })
}

const store = async (deps: Need, state: State, profile: Profile, tokens: Tokens) => {
  const accountId = await deps.service<string>('reserve_account_id', {
    p_workspace_id: state.workspace_id,
    p_x_app_id: state.x_app_id,
    p_remote_user_id: profile.remoteUserId,
  })
  const plain = {
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    scope: tokens.scope,
  }
  const place = { account_id: accountId, workspace_id: state.workspace_id }
  await deps.service('connect_account', {
    p_account: {
      id: accountId,
      workspace_id: state.workspace_id,
      user_id: state.user_id,
      x_app_id: state.x_app_id,
      remote_user_id: profile.remoteUserId,
      twitter_username: profile.username,
      display_name: profile.name,
      text_limit: profile.lengthLimit,
      encrypted_tokens: sealTokens(deps.env.ENCRYPTION_KEYS, plain, place),
      expires_at: tokens.expiresAt.toISOString(),
      scopes: tokens.scope.split(' ').filter((scope) => scope !== ''),
    },
  })
  return accountId
}

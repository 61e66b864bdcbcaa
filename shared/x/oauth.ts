import * as oauth from 'oauth4webapi'
import type { AppCredentials, Network, Tokens } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { oauthFailure } from './oauth-failure.ts'
import type { XConfig } from './request.ts'

/** What MyPosts asks for; `offline.access` is what makes X return a refresh token. */
const scope = 'tweet.read tweet.write users.read media.write offline.access'

const isLoopback = (url: URL) =>
  url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)

const serverOf = (config: XConfig): oauth.AuthorizationServer => ({
  issuer: new URL(config.authorizeUrl).origin,
  authorization_endpoint: config.authorizeUrl,
  token_endpoint: config.tokenUrl,
  revocation_endpoint: new URL('revoke', config.tokenUrl).href,
})

const granted = (answer: oauth.TokenEndpointResponse, now: Date) => {
  const tokens: Tokens = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    scope: answer.scope ?? scope,
    expiresAt: new Date(now.getTime() + (answer.expires_in ?? 7_200) * 1_000),
  }
  return { kind: 'granted' as const, tokens }
}

/**
 * Basic credentials that mean the same whether X decodes them or not: every character of an id or
 * secret of X stays as it is. The standard's own form would escape `-` and `_`, which they hold.
 */
const basicAuth =
  (secret: string): oauth.ClientAuth =>
  (_server, { client_id }, _body, headers) => {
    const credentials = [client_id, secret].map(encodeURIComponent).join(':')
    headers.set('authorization', `Basic ${btoa(credentials)}`)
  }

type Attempt = {
  server: oauth.AuthorizationServer
  client: oauth.Client
  auth: oauth.ClientAuth
  options: oauth.TokenEndpointRequestOptions
}

type Asked = { signal?: AbortSignal; app?: AppCredentials | undefined }

/** Runs one OAuth call as an app and keeps X's answer, so that a failure can be explained. */
const attempt = async <T>(
  config: XConfig,
  { signal, app = config }: Asked,
  run: (attempt: Attempt) => Promise<T>,
): Promise<{ rates: [] } & (T | Failure)> => {
  let answer: Response | null = null
  const options: oauth.TokenEndpointRequestOptions = {
    [oauth.customFetch]: async (url: string, init: RequestInit) => {
      answer = await config.fetch(url, init)
      return answer
    },
    [oauth.allowInsecureRequests]: isLoopback(new URL(config.tokenUrl)),
    ...(signal ? { signal } : {}),
  }
  const { clientId, clientSecret } = app
  const auth = clientSecret ? basicAuth(clientSecret) : oauth.None()
  try {
    const client = { client_id: clientId }
    return { ...(await run({ server: serverOf(config), client, auth, options })), rates: [] }
  } catch (error) {
    return { ...oauthFailure(error, answer, config.now()), rates: [] }
  }
}

/** The page X shows the user, with PKCE S256. */
export const createConnect =
  (config: XConfig): Network['connect'] =>
  async ({ redirectUri, state, verifier, app = config }) => {
    const url = new URL(config.authorizeUrl)
    const parameters = {
      response_type: 'code',
      client_id: app.clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }

export const createExchange =
  (config: XConfig): Network['exchange'] =>
  ({ callback, redirectUri, state, verifier }, asked = {}) =>
    attempt(config, asked, async ({ server, client, auth, options }) => {
      const valid = oauth.validateAuthResponse(server, client, callback, state)
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        auth,
        valid,
        redirectUri,
        verifier,
        options,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer)
      return granted(tokens, config.now())
    })

export const createRefresh =
  (config: XConfig): Network['refresh'] =>
  (refreshToken, asked = {}) =>
    attempt(config, asked, async ({ server, client, auth, options }) => {
      const answer = await oauth.refreshTokenGrantRequest(
        server,
        client,
        auth,
        refreshToken,
        options,
      )
      return granted(await oauth.processRefreshTokenResponse(server, client, answer), config.now())
    })

export const createRevoke =
  (config: XConfig): Network['revoke'] =>
  (token, asked = {}) =>
    attempt(config, asked, async ({ server, client, auth, options }) => {
      const answer = await oauth.revocationRequest(server, client, auth, token, options)
      await oauth.processRevocationResponse(answer)
      return { kind: 'revoked' as const }
    })

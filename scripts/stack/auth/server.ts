import { Hono } from 'hono'
import type { Pool } from 'pg'
import { createAccessTokens, type SigningKeys } from './access-tokens.ts'
import { adminRoutes } from './admin-routes.ts'
import { failure, failureResponse } from './failure.ts'
import { sessionRoutes } from './session-routes.ts'
import { userRoutes } from './user-routes.ts'

export type AuthOptions = {
  /** A pool of the superuser; every statement runs as `supabase_auth_admin`. */
  sql: Pool
  keys: SigningKeys
  /** `<api url>/auth/v1`, the `iss` of every token. */
  issuer: string
  /** The secret API key, for the admin routes; without it they take service_role tokens only. */
  secretKey?: string
  /** Told of unexpected errors, which callers only see as a 500. */
  log?: (line: string) => void
}

const SETTINGS = {
  external: { email: true, phone: false, anonymous_users: false },
  disable_signup: false,
  mailer_autoconfirm: true,
  phone_autoconfirm: false,
  sms_provider: '',
  saml_enabled: false,
}

/**
 * A stand-in for Supabase Auth: e-mail and password, sessions with rotating refresh tokens, JWKS.
 * A fetch handler for paths below `/auth/v1`; CORS and API keys are the gateway's.
 */
export const createAuth = (options: AuthOptions): ((request: Request) => Promise<Response>) => {
  const { sql, keys, issuer, secretKey, log = () => {} } = options
  const tokens = createAccessTokens(keys, issuer)
  const jwks = { keys: [{ ...keys.publicJwk, kid: keys.kid, alg: 'ES256', use: 'sig' }] }
  const app = new Hono()
    .get('/health', (c) => c.json({ name: 'GoTrue', description: 'A stand-in for Supabase Auth' }))
    .get('/settings', (c) => c.json(SETTINGS))
    .get('/.well-known/jwks.json', (c) =>
      c.json(jwks, 200, { 'cache-control': 'public, max-age=600' }),
    )
    .route('/', sessionRoutes(sql, tokens))
    .route('/', userRoutes(sql, tokens))
    .route('/', adminRoutes(sql, tokens, secretKey))
    .notFound((c) => failureResponse(failure(404, 'not_found', 'Not found'), c.req.raw))
    .onError((error, c) => {
      if (error.name !== 'Failure') log(`auth: ${error.message}`)
      return failureResponse(error, c.req.raw)
    })
  return async (request) => app.fetch(request)
}

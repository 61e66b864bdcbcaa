import { errors, importJWK, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { failure } from './failure.ts'
import type { Grant } from './sessions.ts'
import { toUser } from './users.ts'

const LIFETIME_S = 3600

export type SigningKeys = { privateJwk: JWK; publicJwk: JWK; kid: string }

const claimsOf = ({ user, sessionId, signedInAt }: Grant) => ({
  email: user.email,
  phone: '',
  app_metadata: user.raw_app_meta_data ?? {},
  user_metadata: user.raw_user_meta_data ?? {},
  role: user.role,
  aal: 'aal1',
  amr: [{ method: 'password', timestamp: Math.floor(signedInAt.getTime() / 1000) }],
  session_id: sessionId,
  is_anonymous: user.is_anonymous,
})

/** Signs and checks access tokens: ES256 with `kid`, one hour. */
export const createAccessTokens = (keys: SigningKeys, issuer: string) => {
  const privateKey = importJWK(keys.privateJwk, 'ES256')
  const publicKey = importJWK(keys.publicJwk, 'ES256')

  const sign = async (grant: Grant, expiresAt: number) =>
    new SignJWT(claimsOf(grant))
      .setProtectedHeader({ alg: 'ES256', kid: keys.kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(grant.user.id)
      .setAudience('authenticated')
      .setIssuedAt(expiresAt - LIFETIME_S)
      .setExpirationTime(expiresAt)
      .sign(await privateKey)

  const verify = async (token: string): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, await publicKey, { algorithms: ['ES256'] })).payload
    } catch (error) {
      const reason =
        error instanceof errors.JWTExpired ? 'token is expired' : 'signature is invalid'
      const message = `invalid JWT: unable to parse or verify signature, ${reason}`
      throw failure(403, 'bad_jwt', message)
    }
  }

  /** What a sign-in or refresh is answered with. */
  const toSession = async (grant: Grant) => {
    const expiresAt = Math.floor(Date.now() / 1000) + LIFETIME_S
    return {
      access_token: await sign(grant, expiresAt),
      token_type: 'bearer',
      expires_in: LIFETIME_S,
      expires_at: expiresAt,
      refresh_token: grant.refreshToken,
      user: toUser(grant.user),
    }
  }

  return { verify, toSession }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>

import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import { refusal } from './refusal.ts'

/** Verified claims; `exp` is seconds since the epoch, Infinity for an API key. */
export type Claims = Record<string, unknown> & { role: string; exp: number }

export type ClaimsReader = (token: string) => Promise<Claims>

const explain = (error: unknown) => {
  if (error instanceof errors.JWTExpired) {
    const late = Math.max(0, Math.floor(Date.now() / 1000) - Number(error.payload.exp))
    return refusal('InvalidJWTToken', `Token has expired ${late} seconds ago`)
  }
  const malformed = error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid
  return malformed
    ? refusal('MalformedJWT', 'The token provided is not a valid JWT')
    : refusal('JwtSignatureError', 'Failed to validate JWT signature')
}

/**
 * Returns a reader of tokens: a publishable or secret API key stands for its role, anything else
 * must be a JWT signed by a key of the project. Throws a refusal otherwise.
 */
export const createClaimsReader = (options: {
  jwks: JSONWebKeySet
  apiKeys: { publishable: string; secret: string }
  issuer: string
}): ClaimsReader => {
  const keys = createLocalJWKSet(options.jwks)
  const roles = new Map([
    [options.apiKeys.publishable, 'anon'],
    [options.apiKeys.secret, 'service_role'],
  ])
  return async (token) => {
    const role = roles.get(token)
    if (role !== undefined) return { iss: options.issuer, role, exp: Number.POSITIVE_INFINITY }
    const verified = await jwtVerify(token, keys, { algorithms: ['ES256', 'RS256'] }).catch(
      (error: unknown) => {
        throw explain(error)
      },
    )
    const { role: claimed, exp } = verified.payload
    if (typeof claimed !== 'string' || typeof exp !== 'number') {
      throw refusal('InvalidJWTToken', 'Fields `role` and `exp` are required in JWT')
    }
    return { ...verified.payload, role: claimed, exp }
  }
}

import { importJWK, SignJWT } from 'jose'
import type { Keys } from './keys.ts'

const LIFE_S = 600

/** Mints the short tokens that stand for an API key's role behind the gateway; each is used for half of its life. */
export const createRoleTokens = (signing: Keys['signing']) => {
  const key = importJWK(signing, 'ES256')
  const minted = new Map<string, { token: Promise<string>; until: number }>()

  const mint = async (role: string) =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: 'ES256', kid: signing.kid, typ: 'JWT' })
      .setIssuer('supabase')
      .setIssuedAt()
      .setExpirationTime(`${LIFE_S}s`)
      .sign(await key)

  return (role: 'anon' | 'service_role'): Promise<string> => {
    const known = minted.get(role)
    if (known && known.until > Date.now()) return known.token
    const token = mint(role)
    minted.set(role, { token, until: Date.now() + LIFE_S * 500 })
    return token
  }
}

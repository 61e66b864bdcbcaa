import type { Bytes } from '../crypto/bytes.ts'

const keys = new Map<string, Promise<CryptoKey>>()

const keyOf = (secret: string): Promise<CryptoKey> => {
  const known = keys.get(secret)
  if (known) return known
  const bytes = new TextEncoder().encode(secret)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
  keys.set(secret, key)
  return key
}

const decode = (base64: string): Bytes | null => {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

/** What X wants to hear to its challenge (CRC): `sha256=<base64>` under the newest consumer secret. */
export const answerChallenge = async (secret: string, token: string): Promise<string> => {
  const mac = await crypto.subtle.sign('HMAC', await keyOf(secret), new TextEncoder().encode(token))
  return `sha256=${btoa(String.fromCharCode(...new Uint8Array(mac)))}`
}

/**
 * Whether X signed these bytes with one of the consumer secrets; several are valid while the secret
 * is being changed. Compared in constant time by WebCrypto.
 */
export const isSigned = async (
  secrets: string[],
  body: Bytes,
  header: string | undefined,
): Promise<boolean> => {
  const mac = header?.startsWith('sha256=') ? decode(header.slice('sha256='.length)) : null
  if (!mac) return false
  for (const secret of secrets) {
    if (await crypto.subtle.verify('HMAC', await keyOf(secret), mac, body)) return true
  }
  return false
}

import { fromBase64Url, toBase64Url } from './base64url.ts'
import type { Bytes } from './bytes.ts'
import type { KeyRing } from './key-ring.ts'

const imported = new WeakMap<Uint8Array, Promise<CryptoKey>>()

const cryptoKey = (bytes: Bytes): Promise<CryptoKey> => {
  const known = imported.get(bytes)
  if (known) return known
  const key = crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  imported.set(bytes, key)
  return key
}

const algorithm = (iv: Bytes, aad: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(aad),
})

/**
 * AES-256-GCM under the ring's first key, as `v1.<key id>.<iv>.<ciphertext and tag>` (base64url).
 * `aad` (`table|column|row id|workspace id`) binds the envelope to its place: moved elsewhere it
 * does not decrypt.
 */
export const encrypt = async (keys: KeyRing, plaintext: string, aad: string): Promise<string> => {
  const [first] = keys
  if (!first) throw new Error('The key ring is empty')
  const [keyId, bytes] = first
  // Never injected: a repeated IV under one key breaks GCM.
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    algorithm(iv, aad),
    await cryptoKey(bytes),
    new TextEncoder().encode(plaintext),
  )
  return `v1.${keyId}.${toBase64Url(iv)}.${toBase64Url(new Uint8Array(sealed))}`
}

/** The plaintext of an envelope. Throws on an unknown key, another place or any change. */
export const decrypt = async (keys: KeyRing, envelope: string, aad: string): Promise<string> => {
  const [version, keyId = '', iv, sealed, ...rest] = envelope.split('.')
  if (version !== 'v1' || !iv || !sealed || rest.length > 0) throw new Error('Unknown envelope')
  const bytes = keys.get(keyId)
  if (!bytes) throw new Error(`No encryption key has the id "${keyId}"`)
  const plain = await crypto.subtle.decrypt(
    algorithm(fromBase64Url(iv), aad),
    await cryptoKey(bytes),
    fromBase64Url(sealed),
  )
  return new TextDecoder().decode(plain)
}

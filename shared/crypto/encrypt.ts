import { createCipheriv, createDecipheriv } from 'node:crypto'
import { fromBase64Url, toBase64Url } from './base64url.ts'
import type { Bytes } from './bytes.ts'
import type { KeyRing } from './key-ring.ts'

/**
 * WebCrypto hands each call to a thread, and a claim brings hundreds of tokens to open at once: that
 * costs three times what `node:crypto` takes, which works where it is called.
 */
const CIPHER = 'aes-256-gcm'
const TAG_BYTES = 16

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** `unknown`: Node's Buffer is no Uint8Array to Deno's TypeScript, and is one when it runs. */
const join = (buffers: unknown[]): Bytes => {
  const parts = buffers as Uint8Array[]
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/**
 * AES-256-GCM under the ring's first key, as `v1.<key id>.<iv>.<ciphertext and tag>` (base64url).
 * `aad` (`table|column|row id|workspace id`) binds the envelope to its place: moved elsewhere it
 * does not decrypt.
 */
export const encrypt = (keys: KeyRing, plaintext: string, aad: string): string => {
  const [first] = keys
  if (!first) throw new Error('The key ring is empty')
  const [keyId, key] = first
  // Never injected: a repeated IV under one key breaks GCM.
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const cipher = createCipheriv(CIPHER, key, iv)
  cipher.setAAD(encoder.encode(aad))
  const sealed = [cipher.update(encoder.encode(plaintext)), cipher.final()]
  return `v1.${keyId}.${toBase64Url(iv)}.${toBase64Url(join([...sealed, cipher.getAuthTag()]))}`
}

/** The plaintext of an envelope. Throws on an unknown key, another place or any change. */
export const decrypt = (keys: KeyRing, envelope: string, aad: string): string => {
  const [version, keyId = '', iv, sealed, ...rest] = envelope.split('.')
  if (version !== 'v1' || !iv || !sealed || rest.length > 0) throw new Error('Unknown envelope')
  const key = keys.get(keyId)
  if (!key) throw new Error(`No encryption key has the id "${keyId}"`)
  const bytes = fromBase64Url(sealed)
  if (bytes.length < TAG_BYTES) throw new Error('Unknown envelope')
  const decipher = createDecipheriv(CIPHER, key, fromBase64Url(iv))
  decipher.setAAD(encoder.encode(aad))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const plain = decipher.update(bytes.subarray(0, -TAG_BYTES))
  return decoder.decode(join([plain, decipher.final()]))
}

import { fromBase64Url } from './base64url.ts'
import type { Bytes } from './bytes.ts'

/** Key id to 32 key bytes. The first key encrypts, every key decrypts. */
export type KeyRing = ReadonlyMap<string, Bytes>

/** Reads {"<key id>": "<base64 of 32 bytes>", …}. Throws an Error that never quotes a key. */
export const parseKeyRing = (value: unknown): KeyRing => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('must be a JSON object of key id to base64 key')
  }
  const ring = new Map(
    Object.entries(value).map(([id, encoded]) => [id, parseKey(id, encoded)] as const),
  )
  if (ring.size === 0) throw new Error('must hold at least one key')
  return ring
}

const parseKey = (id: string, encoded: unknown): Bytes => {
  // JSON objects put ids that look like numbers first, whatever the order they were written in.
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(id)) {
    throw new Error(`key id "${id}" must start with a letter and hold letters, digits, - and _`)
  }
  const bytes = typeof encoded === 'string' ? decode(encoded) : null
  if (bytes?.length !== 32) throw new Error(`key "${id}" must be 32 bytes in base64`)
  return bytes
}

const decode = (encoded: string) => {
  try {
    return fromBase64Url(encoded)
  } catch {
    return null
  }
}

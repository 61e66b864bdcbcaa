import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { KeyRing } from '../crypto/key-ring.ts'

type Place = { endpointId: string; workspaceId: string }
type Headers = Record<string, string>

const aad = ({ endpointId, workspaceId }: Place) =>
  `private.webhook_headers|encrypted_headers|${endpointId}|${workspaceId}`

/**
 * Custom headers as the database takes them: names to show, values sealed for their endpoint.
 * Undefined changes nothing; null or none at all removes those before.
 */
export const sealHeaders = (
  keys: KeyRing,
  headers: Headers | null | undefined,
  place: Place,
): { header_names?: string[]; encrypted_headers?: string | null } => {
  if (headers === undefined) return {}
  const names = Object.keys(headers ?? {})
  if (names.length === 0) return { header_names: [], encrypted_headers: null }
  return {
    header_names: names,
    encrypted_headers: encrypt(keys, JSON.stringify(headers), aad(place)),
  }
}

/** Throws when the envelope belongs to another endpoint, or its key is unknown. */
export const openHeaders = (keys: KeyRing, envelope: string | null, place: Place): Headers =>
  envelope === null ? {} : (JSON.parse(decrypt(keys, envelope, aad(place))) as Headers)

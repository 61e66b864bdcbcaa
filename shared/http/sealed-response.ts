import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { KeyRing } from '../crypto/key-ring.ts'

type Stored = { status: number; headers: Record<string, string>; body: string }

/** Whose answer to what: an envelope opens nowhere else. */
export type ResponsePlace = { userId: string; route: string; key: string }

const keptHeaders = ['content-type', 'etag', 'link', 'location']

const aad = ({ userId, route, key }: ResponsePlace) =>
  `private.idempotency_keys|encrypted_response|${route} ${key}|${userId}`

/** An answer to keep for replay. Some hold a secret that is shown once, so none is kept in clear. */
export const sealResponse = async (
  keys: KeyRing,
  response: Response,
  place: ResponsePlace,
): Promise<string> => {
  const headers = keptHeaders.flatMap((name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const stored: Stored = {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.clone().text(),
  }
  return encrypt(keys, JSON.stringify(stored), aad(place))
}

/** The answer again, marked as replayed. */
export const openResponse = (keys: KeyRing, envelope: string, place: ResponsePlace): Response => {
  const { status, headers, body } = JSON.parse(decrypt(keys, envelope, aad(place))) as Stored
  return new Response(body || null, {
    status,
    headers: { ...headers, 'idempotent-replayed': 'true' },
  })
}

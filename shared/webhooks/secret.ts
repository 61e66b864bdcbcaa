import { fromBase64Url } from '../crypto/base64url.ts'
import type { Bytes } from '../crypto/bytes.ts'
import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { Deps } from '../deps.ts'

const PREFIX = 'whsec_'

type Place = { endpointId: string; workspaceId: string }

const aad = ({ endpointId, workspaceId }: Place) =>
  `private.webhook_secrets|encrypted_secret|${endpointId}|${workspaceId}`

/** A signing secret as consumers get it: `whsec_` and 32 random bytes in base64. */
export const newSecret = (deps: Pick<Deps, 'randomBytes'>): string =>
  PREFIX + btoa(String.fromCharCode(...deps.randomBytes(32)))

/** The secret bound to its endpoint and workspace; see `encrypt`. */
export const sealSecret = (keys: KeyRing, secret: string, place: Place): string =>
  encrypt(keys, secret, aad(place))

/** Throws when the envelope belongs to another endpoint, or its key is unknown. */
export const openSecret = (keys: KeyRing, envelope: string, place: Place): string =>
  decrypt(keys, envelope, aad(place))

/** The bytes a secret stands for. */
export const secretBytes = (secret: string): Bytes => fromBase64Url(secret.slice(PREFIX.length))

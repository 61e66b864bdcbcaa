import { z } from 'zod'
import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { KeyRing } from '../crypto/key-ring.ts'

const Envelope = z.object({
  access_token: z.string(),
  refresh_token: z.string().nullable(),
  scope: z.string(),
})

/** What private.account_tokens.encrypted_tokens holds, in clear. */
export type AccountTokens = z.infer<typeof Envelope>

type Place = { account_id: string; workspace_id: string }

const aad = ({ account_id, workspace_id }: Place) =>
  `private.account_tokens|encrypted_tokens|${account_id}|${workspace_id}`

/** Tokens bound to their account and workspace; see `encrypt`. */
export const sealTokens = (keys: KeyRing, tokens: AccountTokens, place: Place): string =>
  encrypt(keys, JSON.stringify(tokens), aad(place))

/** Throws when the envelope belongs to another account, or its key is unknown. */
export const openTokens = (keys: KeyRing, envelope: string, place: Place): AccountTokens =>
  Envelope.parse(JSON.parse(decrypt(keys, envelope, aad(place))))

import { decrypt, encrypt } from '../crypto/encrypt.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { AppCredentials } from '../networks/network.ts'

/** A customer's X app as the database hands it to functions. */
export type SealedApp = {
  id: string
  workspace_id: string
  client_id: string
  encrypted_client_secret: string | null
}

type Place = Pick<SealedApp, 'id' | 'workspace_id'>

const aad = ({ id, workspace_id }: Place) =>
  `private.x_apps|encrypted_client_secret|${id}|${workspace_id}`

/** A client secret bound to its app and workspace; see `encrypt`. */
export const sealAppSecret = (keys: KeyRing, secret: string, place: Place): string =>
  encrypt(keys, secret, aad(place))

/**
 * What to call the network with for accounts of an app. Null and undefined stand for the
 * deployment's own. Throws when the envelope belongs to another app, or its key is unknown.
 */
export const openApp = (
  keys: KeyRing,
  app: SealedApp | null | undefined,
): AppCredentials | undefined => {
  if (!app) return undefined
  const sealed = app.encrypted_client_secret
  return {
    clientId: app.client_id,
    ...(sealed === null ? {} : { clientSecret: decrypt(keys, sealed, aad(app)) }),
  }
}

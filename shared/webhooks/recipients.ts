import type { Deps } from '../deps.ts'
import { checkTarget, type Target } from '../egress/check-target.ts'
import type { ClaimedEndpoint } from './batches.ts'
import { openSecret } from './secret.ts'
import { importSecret } from './sign.ts'

/** An endpoint of one claim. */
export type Recipient = {
  /** Whether and where it may be POSTed to now. */
  target(signal: AbortSignal): Promise<Target>
  /** The keys that sign for it, the current one first. Rejects when a secret cannot be read. */
  keys(): Promise<CryptoKey[]>
}

type Need = Pick<Deps, 'env' | 'resolveDns'>

/** Asks each question once per claim: one look-up and one decryption serve all its deliveries. */
export const recipientOf = (deps: Need, endpoint: ClaimedEndpoint): Recipient => {
  const place = { endpointId: endpoint.id, workspaceId: endpoint.workspace_id }
  const importKey = async (envelope: string) =>
    importSecret(await openSecret(deps.env.ENCRYPTION_KEYS, envelope, place))
  let target: Promise<Target> | undefined
  let keys: Promise<CryptoKey[]> | undefined
  return {
    target: (signal) => {
      target ??= checkTarget(deps, endpoint.url, signal)
      return target
    },
    keys: () => {
      keys ??= Promise.all(endpoint.encrypted_secrets.map(importKey))
      return keys
    },
  }
}

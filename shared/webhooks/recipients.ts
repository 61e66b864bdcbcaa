import type { Bytes } from '../crypto/bytes.ts'
import type { Deps } from '../deps.ts'
import { checkTarget, type Target } from '../egress/check-target.ts'
import type { ClaimedEndpoint } from './batches.ts'
import { openHeaders } from './headers-envelope.ts'
import { openSecret, secretBytes } from './secret.ts'

/** An endpoint of one claim. */
export type Recipient = {
  /** Whether and where it may be POSTed to now. */
  target(signal: AbortSignal): Promise<Target>
  /** What signs for it and goes along. Null when something cannot be decrypted. */
  secrets(): Secrets | null
}

export type Secrets = {
  /** The current one first. */
  keys: Bytes[]
  headers: Record<string, string>
}

type Need = Pick<Deps, 'env' | 'resolveDns'>

/** Asks each question once per claim: one look-up and one decryption serve all its deliveries. */
export const recipientOf = (deps: Need, endpoint: ClaimedEndpoint): Recipient => {
  const place = { endpointId: endpoint.id, workspaceId: endpoint.workspace_id }
  const secretOf = (envelope: string) =>
    secretBytes(openSecret(deps.env.ENCRYPTION_KEYS, envelope, place))
  const open = (): Secrets | null => {
    try {
      const headers = openHeaders(deps.env.ENCRYPTION_KEYS, endpoint.encrypted_headers, place)
      return { keys: endpoint.encrypted_secrets.map(secretOf), headers }
    } catch {
      return null
    }
  }
  let target: Promise<Target> | undefined
  let secrets: Secrets | null | undefined
  return {
    target: (signal) => {
      target ??= checkTarget(deps, endpoint.url, signal)
      return target
    },
    secrets: () => {
      if (secrets === undefined) secrets = open()
      return secrets
    },
  }
}

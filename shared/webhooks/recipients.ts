import type { Deps } from '../deps.ts'
import { checkTarget, type Target } from '../egress/check-target.ts'
import type { ClaimedEndpoint } from './batches.ts'
import { openHeaders } from './headers-envelope.ts'
import { openSecret } from './secret.ts'
import { importSecret } from './sign.ts'

/** An endpoint of one claim. */
export type Recipient = {
  /** Whether and where it may be POSTed to now. */
  target(signal: AbortSignal): Promise<Target>
  /** What signs for it and goes along. Rejects when something cannot be decrypted. */
  secrets(): Promise<Secrets>
}

export type Secrets = {
  /** The current one first. */
  keys: CryptoKey[]
  headers: Record<string, string>
}

type Need = Pick<Deps, 'env' | 'resolveDns'>

/** Asks each question once per claim: one look-up and one decryption serve all its deliveries. */
export const recipientOf = (deps: Need, endpoint: ClaimedEndpoint): Recipient => {
  const place = { endpointId: endpoint.id, workspaceId: endpoint.workspace_id }
  const importKey = async (envelope: string) =>
    importSecret(await openSecret(deps.env.ENCRYPTION_KEYS, envelope, place))
  const open = async (): Promise<Secrets> => {
    const [keys, headers] = await Promise.all([
      Promise.all(endpoint.encrypted_secrets.map(importKey)),
      openHeaders(deps.env.ENCRYPTION_KEYS, endpoint.encrypted_headers, place),
    ])
    return { keys, headers }
  }
  let target: Promise<Target> | undefined
  let secrets: Promise<Secrets> | undefined
  return {
    target: (signal) => {
      target ??= checkTarget(deps, endpoint.url, signal)
      return target
    },
    secrets: () => {
      secrets ??= open()
      return secrets
    },
  }
}

import type { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { RotatedWebhookSecret } from './endpoint.ts'
import { getEndpoint } from './list-endpoints.ts'
import { newSecret, sealSecret } from './secret.ts'

/** Makes a new secret current. The one before signs along for a day, then it is gone. */
export const rotateSecret = async (
  deps: Pick<Deps, 'env' | 'randomBytes'>,
  caller: Caller,
  endpointId: string,
): Promise<z.infer<typeof RotatedWebhookSecret>> => {
  const { workspace_id: workspaceId } = await getEndpoint(caller, endpointId)
  const secret = newSecret(deps)
  const rotated = await caller.rpc<object>('rotate_webhook_secret', {
    p_endpoint_id: endpointId,
    p_encrypted_secret: sealSecret(deps.env.ENCRYPTION_KEYS, secret, {
      endpointId,
      workspaceId,
    }),
  })
  return RotatedWebhookSecret.parse({ ...rotated, secret })
}

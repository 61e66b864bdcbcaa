import type { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { personalWorkspaceId } from '../workspaces/personal-workspace.ts'
import { CreatedWebhookEndpoint, type CreateEndpointInput } from './endpoint.ts'
import { sealHeaders } from './headers-envelope.ts'
import { requireTarget } from './require-target.ts'
import { newSecret, sealSecret } from './secret.ts'

type Need = Pick<Deps, 'env' | 'randomBytes' | 'randomUUID' | 'resolveDns'>

/** Adds an endpoint to a workspace (null: the personal one). Its secret is never shown again. */
export const createEndpoint = async (
  deps: Need,
  caller: Caller,
  workspaceId: string | null,
  { headers, ...input }: CreateEndpointInput,
): Promise<z.infer<typeof CreatedWebhookEndpoint>> => {
  await requireTarget(deps, input.url)
  const workspace = workspaceId ?? (await personalWorkspaceId(caller))
  const id = deps.randomUUID()
  const secret = newSecret(deps)
  const place = { endpointId: id, workspaceId: workspace }
  const keys = deps.env.ENCRYPTION_KEYS
  const endpoint = await caller.rpc<object>('create_webhook_endpoint', {
    p_workspace_id: workspace,
    p_endpoint: { id, ...input, ...sealHeaders(keys, headers, place) },
    p_encrypted_secret: sealSecret(keys, secret, place),
  })
  return CreatedWebhookEndpoint.parse({ ...endpoint, secret })
}

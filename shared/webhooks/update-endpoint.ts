import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { type UpdateEndpointInput, WebhookEndpoint } from './endpoint.ts'
import { sealHeaders } from './headers-envelope.ts'
import { getEndpoint } from './list-endpoints.ts'
import { requireTarget } from './require-target.ts'

/** Changes an endpoint, or disables and enables it. `version` null skips the comparison. */
export const updateEndpoint = async (
  deps: Pick<Deps, 'env' | 'resolveDns'>,
  caller: Caller,
  endpointId: string,
  { headers, ...changes }: UpdateEndpointInput,
  version: number | null,
): Promise<WebhookEndpoint> => {
  if (changes.url !== undefined) await requireTarget(deps, changes.url)
  const sealed = await sealedFor(deps, caller, endpointId, headers)
  return WebhookEndpoint.parse(
    await caller.rpc('update_webhook_endpoint', {
      p_endpoint_id: endpointId,
      p_changes: { ...changes, ...sealed },
      p_version: version,
    }),
  )
}

/** Headers are bound to the endpoint's workspace, which only its row tells. */
const sealedFor = async (
  deps: Pick<Deps, 'env'>,
  caller: Caller,
  endpointId: string,
  headers: UpdateEndpointInput['headers'],
) => {
  if (headers === undefined) return {}
  const { workspace_id: workspaceId } = await getEndpoint(caller, endpointId)
  return sealHeaders(deps.env.ENCRYPTION_KEYS, headers, { endpointId, workspaceId })
}

import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { type UpdateEndpointInput, WebhookEndpoint } from './endpoint.ts'
import { requireTarget } from './require-target.ts'

/** Changes an endpoint, or disables and enables it. `version` null skips the comparison. */
export const updateEndpoint = async (
  deps: Pick<Deps, 'env' | 'resolveDns'>,
  caller: Pick<Caller, 'rpc'>,
  endpointId: string,
  changes: UpdateEndpointInput,
  version: number | null,
): Promise<WebhookEndpoint> => {
  if (changes.url !== undefined) await requireTarget(deps, changes.url)
  return WebhookEndpoint.parse(
    await caller.rpc('update_webhook_endpoint', {
      p_endpoint_id: endpointId,
      p_changes: changes,
      p_version: version,
    }),
  )
}

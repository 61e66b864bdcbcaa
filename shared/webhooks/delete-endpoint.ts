import type { Caller } from '../db/caller.ts'

/** Deletes an endpoint with its secrets; what waits for it is failed. Null skips the comparison. */
export const deleteEndpoint = async (
  caller: Pick<Caller, 'rpc'>,
  endpointId: string,
  version: number | null,
): Promise<void> => {
  await caller.rpc('delete_webhook_endpoint', { p_endpoint_id: endpointId, p_version: version })
}

import { z } from 'zod'
import type { Caller } from '../db/caller.ts'

export const TestedEndpoint = z
  .object({
    event_id: z.uuid().meta({ description: 'See what became of it: GET /deliveries?event_id=…' }),
  })
  .meta({ id: 'TestedWebhookEndpoint' })

/** Sends webhook.test to this endpoint alone. 409 when it is disabled. */
export const testEndpoint = async (
  caller: Pick<Caller, 'rpc'>,
  endpointId: string,
): Promise<z.infer<typeof TestedEndpoint>> =>
  TestedEndpoint.parse(await caller.rpc('test_webhook_endpoint', { p_endpoint_id: endpointId }))

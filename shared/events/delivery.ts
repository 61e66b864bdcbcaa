import { z } from 'zod'

const instant = () => z.string().meta({ format: 'date-time' })

const DeliveryAttempt = z
  .object({
    number: z.int(),
    outcome: z.enum(['delivered', 'failed', 'lost']).meta({
      description: 'lost: its worker never reported, so it may have arrived.',
    }),
    http_status: z.int().nullable(),
    error: z.string().nullable().meta({ description: 'Such as http-500, timeout or dns.' }),
    response: z.string().nullable().meta({ description: 'The first kilobyte of the answer.' }),
    started_at: instant(),
    duration_ms: z.int().nullable(),
  })
  .meta({ id: 'DeliveryAttempt' })

export const deliveryStatuses = ['pending', 'delivered', 'failed'] as const

/** An event on its way to a webhook endpoint, with every try. */
export const Delivery = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    endpoint_id: z.uuid(),
    event_id: z.uuid().meta({ description: 'Also the webhook-id header.' }),
    event_type: z.string(),
    sequence: z.int().meta({ description: 'The place of the event in the log of the workspace.' }),
    status: z.enum(deliveryStatuses),
    failure: z.enum(['exhausted', 'gone', 'endpoint-disabled', 'endpoint-deleted']).nullable(),
    attempt_count: z.int(),
    next_attempt_at: instant().nullable(),
    created_at: instant(),
    finished_at: instant().nullable(),
    attempts: z.array(DeliveryAttempt),
  })
  .meta({ id: 'Delivery' })

export type Delivery = z.infer<typeof Delivery>

import { z } from 'zod'
import { EventTypeName } from '../events/event-types.ts'
import { faultsOfHeaders } from './custom-headers.ts'

const instant = () => z.string().meta({ format: 'date-time' })

/** A webhook endpoint as the API shows it. Parsing a row cuts it to what callers may see. */
export const WebhookEndpoint = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    url: z.string(),
    description: z.string().nullable(),
    event_types: z.array(z.string()).nullable().meta({ description: 'Null: all types.' }),
    account_ids: z.array(z.uuid()).nullable().meta({ description: 'Null: all accounts.' }),
    header_names: z
      .array(z.string())
      .meta({ description: 'Sent along with every delivery. Their values are not shown again.' }),
    status: z.enum(['enabled', 'disabled']),
    disabled_reason: z.enum(['requested', 'gone', 'failing']).nullable().meta({
      description:
        'requested: by a person; gone: it answered 410; failing: nothing got through for five days.',
    }),
    max_in_flight: z.int().meta({ description: 'Deliveries under way to it at a time, at most.' }),
    max_per_second: z.int().nullable().meta({
      description: 'Deliveries begun per second, at most. Null: as fast as it answers.',
    }),
    failing_since: instant().nullable().meta({ description: 'Since when every attempt failed.' }),
    last_failed_at: instant().nullable(),
    failure_count: z.int().meta({ description: 'Attempts that failed since then.' }),
    created_by: z.uuid().nullable(),
    created_at: instant(),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'WebhookEndpoint' })

export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>

const secret = z.string().meta({
  description: 'Signs every delivery (Standard Webhooks). Shown this once: keep it.',
})

export const CreatedWebhookEndpoint = WebhookEndpoint.extend({ secret }).meta({
  id: 'CreatedWebhookEndpoint',
})

export const RotatedWebhookSecret = z
  .object({
    secret,
    previous_expires_at: instant().meta({
      description: 'Until then deliveries are signed with both secrets.',
    }),
  })
  .meta({ id: 'RotatedWebhookSecret' })

const url = z.url().max(2000).meta({
  description: 'https on port 443, reachable from the internet. Redirects are not followed.',
})

const settings = {
  description: z.string().max(500).nullable().optional(),
  event_types: z
    .array(EventTypeName)
    .min(1)
    .max(50)
    .nullable()
    .optional()
    .meta({ description: 'Which events it gets. Null or absent: all.' }),
  account_ids: z.array(z.uuid()).min(1).max(100).nullable().optional().meta({
    description:
      'Whose events it gets; then nothing that concerns no account. Null or absent: everything.',
  }),
  headers: z
    .record(z.string(), z.string())
    .superRefine((headers, context) => {
      for (const { name, detail } of faultsOfHeaders(headers)) {
        context.addIssue({ code: 'custom', message: detail, path: name === null ? [] : [name] })
      }
    })
    .nullable()
    .optional()
    .meta({
      description:
        'Sent along with every delivery, such as authorization. Stored encrypted and not shown again. Replaces those before; null or {}: none.',
      example: { authorization: 'Bearer …' },
    }),
  max_in_flight: z.int().min(1).max(100).optional(),
  max_per_second: z.int().min(1).max(1000).nullable().optional(),
}

export const CreateEndpointInput = z
  .strictObject({ url, ...settings })
  .meta({ id: 'CreateWebhookEndpoint' })

export type CreateEndpointInput = z.infer<typeof CreateEndpointInput>

export const UpdateEndpointInput = z
  .strictObject({
    url: url.optional(),
    ...settings,
    status: z.enum(['enabled', 'disabled']).optional().meta({
      description:
        'disabled: nothing is delivered, and what waits is failed. enabled: forgets past failures.',
    }),
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdateWebhookEndpoint' })

export type UpdateEndpointInput = z.infer<typeof UpdateEndpointInput>

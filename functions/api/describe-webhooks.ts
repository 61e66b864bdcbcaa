import { z } from 'zod'
import { bodyOf, entryOf, eventTypeNames, exampleOf } from '../../shared/events/event-types.ts'
import type { Outgoing } from '../../shared/http/openapi.ts'

const headers = z.object({
  'webhook-id': z.uuid().meta({ description: 'The id of the event: the same for every attempt.' }),
  'webhook-timestamp': z.string().meta({ description: 'Seconds since 1970, of this attempt.' }),
  'webhook-signature': z.string().meta({
    description: 'Standard Webhooks: v1 signatures, separated by spaces; two during a rotation.',
  }),
})

/** The POSTs that endpoints get, one for each type of event, for the section `webhooks`. */
export const describeWebhooks = (): Outgoing =>
  Object.fromEntries(
    eventTypeNames.map((type) => [
      type,
      {
        post: {
          tags: ['webhooks'],
          summary: entryOf(type).description,
          requestParams: { header: headers },
          requestBody: {
            required: true,
            content: { 'application/json': { schema: bodyOf(type), example: exampleOf(type) } },
          },
          responses: {
            '2XX': { description: 'It arrived.' },
            '410': { description: 'Send nothing any more: the endpoint is disabled.' },
            default: { description: 'It is tried again, for days.' },
          },
        },
      },
    ]),
  )

import { z } from 'zod'
import { accountEvents } from './catalogue/accounts.ts'
import type { Entry } from './catalogue/entry.ts'
import { postEvents } from './catalogue/posts.ts'
import { workspaceEvents } from './catalogue/workspaces.ts'

/** Every type of event, and what it says. Types are only ever added. */
export const eventTypes = { ...accountEvents, ...postEvents, ...workspaceEvents }

export type EventType = keyof typeof eventTypes

export const eventTypeNames = Object.keys(eventTypes).sort() as [EventType, ...EventType[]]

export const entryOf = (type: EventType): Entry => eventTypes[type] as Entry

/** A filter names types of the catalogue; one that is unknown is refused with what there is. */
export const EventTypeName = z.enum(eventTypeNames, {
  error: ({ input }) =>
    `There is no event of type ${JSON.stringify(input)}. There are: ${eventTypeNames.join(', ')}.`,
})

/** An event as a webhook endpoint gets it; also what GET /events gives, but for its subject and actor. */
export const bodyOf = (type: EventType) =>
  z.object({
    type: z.literal(type),
    timestamp: z.iso.datetime({ offset: true }).meta({ description: 'When it happened.' }),
    id: z.uuid().meta({ description: 'Also the webhook-id header: the same for every attempt.' }),
    workspace_id: z.uuid(),
    sequence: z.int().meta({ description: 'Its place in the log of the workspace.' }),
    data: entryOf(type).data,
  })

/** The whole body of a delivery of this type, as an example. */
export const exampleOf = (type: EventType): Record<string, unknown> => ({
  type,
  timestamp: '2026-12-01T09:00:00.123456+00:00',
  id: '0193a3c0-0000-7000-8000-000000000001',
  workspace_id: '0193a3c0-0000-7000-8000-000000000002',
  sequence: 42,
  data: entryOf(type).example,
})

/** JSON Schema 2020-12 of the body of a delivery. Members that are not named may come later. */
export const jsonSchemaOf = (type: EventType): Record<string, unknown> =>
  z.toJSONSchema(bodyOf(type), { io: 'input' })

/** One row of GET /events/types. */
export const describeType = (type: EventType) => ({
  type,
  description: entryOf(type).description,
  version: entryOf(type).version,
  schema: jsonSchemaOf(type),
  example: exampleOf(type),
})

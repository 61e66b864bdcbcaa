import { z } from 'zod'

const id = z.uuid().optional().meta({ description: 'Of the message; the platform adds it.' })
const count = () => z.int().min(0)

/** `events` on `workspace:<id>`: what happened, as webhooks tell it. */
export const EventsMessage = z
  .strictObject({
    id,
    events: z.array(
      z.strictObject({
        id: z.uuid().meta({ description: 'The same as in GET /events and in webhook-id.' }),
        type: z.string(),
        subject_id: z.uuid(),
        data: z.record(z.string(), z.unknown()),
        created_at: z.string(),
      }),
    ),
    truncated: z.boolean().meta({
      description: 'More happened than one message may hold: read GET /events from where you are.',
    }),
  })
  .meta({ id: 'EventsMessage' })

/** `stats` on `account:<id>`: the days whose statistics changed, as they are now. */
export const StatsMessage = z
  .strictObject({
    id,
    account_id: z.uuid(),
    days: z.array(
      z.looseObject({
        date: z.string().meta({ description: 'A day in UTC.' }),
        posts: count(),
        impressions: z.int(),
        engagements: z.int(),
        clicks: z.int(),
      }),
    ),
  })
  .meta({ id: 'StatsMessage' })

/** `version` on `post:<id>`: somebody changed the post. */
export const VersionMessage = z
  .strictObject({
    id,
    post_id: z.uuid(),
    version: z.int().meta({ description: 'The ETag its next change has to match.' }),
    status: z.string(),
    type: z.string().meta({ description: 'The event, such as post.updated.' }),
  })
  .meta({ id: 'VersionMessage' })

/** Every message the database sends, by topic and event. docs/realtime.md says how to listen. */
export const realtimeMessages = [
  { topic: 'workspace:{workspace_id}', event: 'events', schema: EventsMessage },
  { topic: 'account:{account_id}', event: 'stats', schema: StatsMessage },
  { topic: 'post:{post_id}', event: 'version', schema: VersionMessage },
]

import { z } from 'zod'

/** One thing that happened, as readers and webhooks see it. */
export const Event = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    sequence: z.int().meta({ description: 'Its place in the log of the workspace.' }),
    type: z.string().meta({ description: 'Such as post.published.' }),
    subject_type: z.string(),
    subject_id: z.uuid(),
    actor_type: z.enum(['user', 'system']),
    actor_id: z.uuid().nullable(),
    data: z.record(z.string(), z.unknown()),
    created_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Event' })

export type Event = z.infer<typeof Event>

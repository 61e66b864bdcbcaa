import { z } from 'zod'
import { Warning } from './notice.ts'

const instant = () => z.string().meta({ format: 'date-time' })

export const postStatuses = [
  'draft',
  'pending_approval',
  'scheduled',
  'held',
  'missed',
  'canceled',
  'publishing',
  'published',
  'failed',
  'unconfirmed',
  'partially_published',
] as const

const Segment = z
  .object({
    position: z.int().meta({ description: '0 for the first.' }),
    text: z.string(),
    media_ids: z.array(z.uuid()).meta({ description: 'What it shows, in this order.' }),
    status: z.enum(['pending', 'sending', 'published', 'failed', 'unconfirmed']),
    remote_id: z.string().nullable().meta({ description: 'Its id on the network.' }),
    published_at: instant().nullable(),
    removed_at: instant().nullable().meta({
      description:
        'When it was gone from the network: the post was unpublished, or somebody deleted it there.',
    }),
  })
  .meta({ id: 'Segment', description: 'One part of a post; a thread has several.' })

const Failure = z
  .looseObject({ slug: z.string(), detail: z.string(), remedy: z.string(), who: z.string() })
  .meta({ id: 'Failure', description: 'Why it failed, who must act, and what to do.' })

const Unconfirmed = z
  .object({
    since: instant().meta({ description: 'When it began to be sent.' }),
    next_look_at: instant().nullable().meta({
      description: 'When it is looked for on the network next; null: no more, a person settles it.',
    }),
    unread: z
      .object({ slug: z.string(), detail: z.string() })
      .nullable()
      .meta({ description: 'Why the last look brought no verdict.' }),
    resolvable_at: instant().meta({
      description:
        'From when POST /posts/:id/resolve takes not_live: nothing can send it any more.',
    }),
  })
  .meta({ id: 'Unconfirmed', description: 'How far it is known whether the network has a post.' })

/** A post as the API shows it. Parsing a row cuts it to what callers may see. */
export const Post = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    account_id: z.uuid(),
    user_id: z.uuid().nullable().meta({ description: 'The author.' }),
    content: z.string().meta({ description: 'All segments, joined by blank lines.' }),
    segments: z.array(Segment),
    status: z.enum(postStatuses),
    scheduled_at: instant().nullable(),
    published_at: instant()
      .nullable()
      .meta({ description: 'When the network accepted the first segment.' }),
    late_ms: z
      .number()
      .nullable()
      .meta({ description: 'published_at minus scheduled_at, milliseconds.' }),
    unpublish_requested_at: instant().nullable(),
    unpublished_at: instant()
      .nullable()
      .meta({ description: 'Since when nothing of it is on the network any more.' }),
    held_reason: z.enum(['stale', 'restored', 'budget', 'paused']).nullable(),
    failure: Failure.nullable(),
    unconfirmed: Unconfirmed.nullable().meta({
      description: 'Of an unconfirmed post, else null.',
    }),
    metadata: z.record(z.string(), z.unknown()),
    late_policy: z.enum(['publish', 'hold', 'miss']),
    late_after_seconds: z.int(),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
    created_at: instant(),
    updated_at: instant(),
  })
  .meta({ id: 'Post' })

export type Post = z.infer<typeof Post>

/** A post as the verb that wrote or scheduled it answers. */
export const ReviewedPost = Post.extend({
  warnings: z.array(Warning).meta({ description: 'What may surprise: see POST /posts/validate.' }),
}).meta({ id: 'ReviewedPost' })

export type ReviewedPost = z.infer<typeof ReviewedPost>

/** One time a segment was, or may have been, sent. */
export const Attempt = z
  .object({
    post_id: z.uuid(),
    account_id: z.uuid(),
    position: z.int(),
    number: z.int().meta({ description: '1 for the first try of the segment.' }),
    status: z.enum(['sending', 'accepted', 'refused', 'unknown', 'abandoned']),
    sending_at: instant(),
    sent_at: instant().nullable().meta({ description: 'When the request left.' }),
    finished_at: instant().nullable(),
    remote_id: z.string().nullable(),
    http_status: z.int().nullable(),
    error: Failure.nullable(),
  })
  .meta({ id: 'Attempt' })

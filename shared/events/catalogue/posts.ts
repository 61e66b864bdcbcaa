import { z } from 'zod'
import { postStatuses } from '../../posts/post.ts'
import { entry, instant, SAMPLE } from './entry.ts'

const failure = z
  .looseObject({
    slug: z.string(),
    detail: z.string(),
    remedy: z.string().optional(),
    who: z.string().optional(),
    segment: z.int().optional().meta({ description: '0 for the first.' }),
  })
  .meta({ description: 'What went wrong, who must act and what to do.' })

const post = { post_id: z.uuid(), account_id: z.uuid(), status: z.enum(postStatuses) }

/** What a person did to a post. */
const change = { ...post, version: z.int().meta({ description: 'Of the post, after it.' }) }

/** What became of a post on its way. */
const outcome = {
  ...post,
  scheduled_at: instant().nullable(),
  published_at: instant().nullable(),
  failure: failure.nullable().optional(),
  held_reason: z.string().nullable().optional(),
}

const sent = {
  remote_ids: z
    .array(z.string())
    .optional()
    .meta({ description: 'Its ids on the network, the first segment first.' }),
  late_ms: z.number().nullable().optional().meta({
    description: 'published_at minus scheduled_at, milliseconds.',
  }),
}

const of = <Status extends (typeof postStatuses)[number]>(status: Status) => ({
  post_id: SAMPLE.post_id,
  account_id: SAMPLE.account_id,
  status,
})

const changed = <Status extends (typeof postStatuses)[number]>(status: Status) => ({
  ...of(status),
  version: 2,
})

const ended = <Status extends (typeof postStatuses)[number]>(status: Status) => ({
  ...of(status),
  scheduled_at: '2026-12-01T09:00:00+00:00',
  published_at: null,
  failure: null,
  held_reason: null,
})

const refusal = {
  slug: 'text-too-long',
  detail: 'X says the text is too long.',
  remedy: 'Shorten the text. If the account pays for long posts, POST /accounts/:id/refresh.',
  who: 'author',
  segment: 0,
}

const accepted = {
  published_at: '2026-12-01T09:00:00.021+00:00',
  remote_ids: ['1867'],
  late_ms: 21,
}

export const postEvents = {
  'post.created': entry('A post was written.', z.object(change), changed('draft')),
  'post.updated': entry(
    'A post was changed before it was sent.',
    z.object(change),
    changed('scheduled'),
  ),
  'post.scheduled': entry(
    'A post got a time, or is tried again later: then data.failure says why, once for each cause.',
    z.object({
      ...outcome,
      published_at: outcome.published_at.optional(),
      version: change.version.optional(),
    }),
    { ...changed('scheduled'), scheduled_at: '2026-12-01T09:00:00+00:00' },
  ),
  'post.unscheduled': entry(
    'A post lost its time and is a draft again.',
    z.object(change),
    changed('draft'),
  ),
  'post.canceled': entry('A post will not be sent.', z.object(change), changed('canceled')),
  'post.published': entry(
    'Every segment of a post is on the network.',
    z.object({ ...outcome, ...sent }),
    { ...of('published'), scheduled_at: '2026-12-01T09:00:00+00:00', ...accepted },
  ),
  'post.failed': entry('The network refused a post for good.', z.object(outcome), {
    ...ended('failed'),
    failure: refusal,
  }),
  'post.held': entry('A post waits for a person.', z.object(outcome), {
    ...ended('held'),
    held_reason: 'stale',
  }),
  'post.missed': entry(
    'A post passed its time and will not be sent.',
    z.object(outcome),
    ended('missed'),
  ),
  'post.unconfirmed': entry(
    'Nobody knows yet whether the network has the post: it is being looked for, or data.failure asks a person.',
    z.object(outcome),
    { ...ended('unconfirmed'), failure: { slug: 'timeout', detail: 'X did not answer in time.' } },
  ),
  'post.partially_published': entry(
    'A thread stopped after some of its segments.',
    z.object({ ...outcome, ...sent }),
    {
      ...ended('partially_published'),
      published_at: accepted.published_at,
      failure: { ...refusal, segment: 1 },
    },
  ),
  'post.deleted': entry(
    'No segment of a post is on the network any more: unpublished, or deleted there.',
    z.object({ ...change, unpublished_at: instant() }),
    { ...changed('published'), unpublished_at: '2026-12-02T10:00:00+00:00' },
  ),
  'post.segment_deleted': entry(
    'A segment of a thread was deleted on the network; others are still there.',
    z.object({ ...change, segment: z.int(), remote_id: z.string() }),
    { ...changed('published'), segment: 1, remote_id: '1868' },
  ),
  'post.unpublish_failed': entry(
    'The network will not delete a segment; data.failure says why.',
    z.object({ ...change, failure: failure.nullable() }),
    {
      ...changed('published'),
      failure: {
        slug: 'refused',
        detail: 'X will not delete this post.',
        remedy: 'Read the detail; X refused the request.',
        who: 'provider',
        segment: 0,
      },
    },
  ),
}

import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { endOfEvents } from '../../../shared/events/end-of-events.ts'
import { Event } from '../../../shared/events/event.ts'
import { describeType, EventTypeName, eventTypeNames } from '../../../shared/events/event-types.ts'
import { listEvents } from '../../../shared/events/list-events.ts'
import { locateCursor } from '../../../shared/events/locate-cursor.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, encodeCursor, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { linkNext } from '../../../shared/http/page.ts'
import { pageOf } from '../../../shared/http/params.ts'
import { problems } from '../../../shared/http/problems.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'

const ListQuery = z.strictObject({
  after: cursorOf(z.tuple([z.int().min(0), z.uuid().nullable()]), 'latest')
    .optional()
    .meta({
      description:
        'The next_cursor of the page before. `latest`: the end of the log as it is now, to go on from without reading the past.',
    }),
  types: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(EventTypeName))
    .optional()
    .meta({
      description: 'Only these types, separated by commas.',
      override: { type: 'string', examples: ['post.published,post.failed'] },
    }),
  subject_id: z.uuid().optional().meta({ description: 'Only of this post, account, …' }),
  account_id: z.uuid().optional().meta({ description: 'Only of this account and its posts.' }),
  limit: limitOf(100),
})

const EventTypes = z.object({
  data: z.array(
    z.object({
      type: z.string(),
      description: z.string(),
      version: z.int().meta({ description: 'Of the schema. New members come without a new one.' }),
      schema: z.record(z.string(), z.unknown()).meta({
        description: 'JSON Schema (2020-12) of the body of a delivery.',
      }),
      example: z.record(z.string(), z.unknown()),
    }),
  ),
})

const docs = {
  list: describe({
    summary: 'Read the log of a workspace, oldest first',
    description:
      'next_cursor is given even at the end of the log: ask again with ?after=<next_cursor> for what comes next. Nothing is skipped and nothing comes twice. Without `after` the log is read from its beginning; `?after=latest` answers an empty page whose next_cursor is its end. Filtered, a page looks at 2,000 events at most: it may be short, or empty, while has_more is true. After a restore of the database a cursor from beyond the restored moment answers 409 `log-restored`, and one from before what is kept (13 months, unless the operator says otherwise) 410 `log-expired`, each with the `next_cursor` to go on from.',
    responses: { 200: { description: 'A page.', schema: pageOf(Event), headers: ['link'] } },
    errors: ['log-restored', 'log-expired'],
  }),
  types: describe({
    summary: 'Every type of event, with its schema and an example',
    responses: { 200: { description: 'All of them.', schema: EventTypes } },
  }),
}

/** The log webhooks are made from, for those who would rather pull. */
export const events = (deps: Deps) =>
  new Hono()
    .get(
      '/events',
      requireUser(deps),
      docs.list,
      workspace,
      validate('query', ListQuery),
      async (c) => {
        const { after, limit, ...filter } = c.req.valid('query')
        const { caller, workspaceId } = c.var
        if (after === 'latest') {
          const { lastSequence, fork } = await endOfEvents(caller, workspaceId)
          const end = encodeCursor([lastSequence, fork])
          return c.json({ data: [] as Event[], next_cursor: end, has_more: false }, 200)
        }
        const [from, known] = after ?? [null, null]
        const [{ fork, lost_after: lostAfter, forgotten_to: forgottenTo }, page] =
          await Promise.all([
            locateCursor(caller, workspaceId, from, known),
            listEvents(caller, workspaceId, from, limit, filter),
          ])
        if (lostAfter !== null) throw problems.logRestored(encodeCursor([lostAfter, fork]))
        if (forgottenTo !== null) throw problems.logExpired(encodeCursor([forgottenTo, fork]))
        const cursor = encodeCursor([page.readTo ?? from ?? 0, fork])
        if (page.hasMore) linkNext(c, 'after', cursor)
        return c.json({ data: page.events, next_cursor: cursor, has_more: page.hasMore }, 200)
      },
    )
    .get('/events/types', requireUser(deps), docs.types, (c) =>
      c.json({ data: eventTypeNames.map(describeType) }, 200),
    )

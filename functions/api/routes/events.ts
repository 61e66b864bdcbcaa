import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { Event } from '../../../shared/events/event.ts'
import { eventTypes } from '../../../shared/events/event-types.ts'
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
  after: cursorOf(z.tuple([z.int().min(0), z.uuid().nullable()])).optional(),
  limit: limitOf(100),
})

const EventTypes = z.object({
  data: z.array(z.object({ type: z.string(), description: z.string() })),
})

const types = Object.entries(eventTypes).map(([type, description]) => ({ type, description }))

const docs = {
  list: describe({
    summary: 'Read the log of a workspace, oldest first',
    description:
      'next_cursor is given even at the end of the log: ask again with ?after=<next_cursor> for what comes next. Nothing is skipped and nothing comes twice. After a restore of the database a cursor from beyond the restored moment answers 409 `log-restored` with the `next_cursor` to go on from.',
    responses: { 200: { description: 'A page.', schema: pageOf(Event), headers: ['link'] } },
    errors: ['log-restored'],
  }),
  types: describe({
    summary: 'Every type of event',
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
        const { after, limit } = c.req.valid('query')
        const [from, known] = after ?? [0, null]
        const { caller, workspaceId } = c.var
        const [located, rows] = await Promise.all([
          locateCursor(caller, workspaceId, from, known),
          listEvents(caller, workspaceId, from, limit + 1),
        ])
        const { fork, lost_after: lostAfter } = located
        if (lostAfter !== null) throw problems.logRestored(encodeCursor([lostAfter, fork]))
        const data = rows.slice(0, limit)
        const cursor = encodeCursor([data.at(-1)?.sequence ?? from, fork])
        const hasMore = rows.length > limit
        if (hasMore) linkNext(c, 'after', cursor)
        return c.json({ data, next_cursor: cursor, has_more: hasMore }, 200)
      },
    )
    .get('/events/types', requireUser(deps), docs.types, (c) => c.json({ data: types }, 200))

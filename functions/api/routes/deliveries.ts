import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { getDelivery, listDeliveries, replayDelivery } from '../../../shared/events/deliveries.ts'
import { Delivery, deliveryStatuses } from '../../../shared/events/delivery.ts'
import { EventTypeName } from '../../../shared/events/event-types.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'

const ListQuery = z.strictObject({
  endpoint_id: z.uuid().optional(),
  event_id: z.uuid().optional(),
  event_type: EventTypeName.optional(),
  status: z.enum(deliveryStatuses).optional(),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Made then or later.' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Made before then.' }),
  cursor: cursorOf(z.tuple([z.uuid()])).optional(),
  limit: limitOf(50),
})

const docs = {
  list: describe({
    summary: 'List webhook deliveries, newest first',
    responses: { 200: { description: 'A page.', schema: pageOf(Delivery), headers: ['link'] } },
  }),
  get: describe({
    summary: 'Read a webhook delivery',
    responses: { 200: { description: 'The delivery.', schema: Delivery } },
  }),
  replay: describe({
    summary: 'Send a webhook delivery again',
    description: 'Under the same webhook-id, so that a consumer that has it can tell.',
    responses: { 202: { description: 'It will be sent.', schema: Delivery } },
    errors: ['role-required', 'webhook-endpoint-disabled', 'log-expired'],
  }),
}

/** What became of the events sent to webhook endpoints. */
export const deliveries = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .get('/deliveries', user, docs.list, workspace, validate('query', ListQuery), async (c) => {
      const { cursor, limit, ...filter } = c.req.valid('query')
      const { caller, workspaceId } = c.var
      const rows = await listDeliveries(caller, workspaceId, filter, cursor?.[0] ?? null, limit + 1)
      return c.json(
        paginate(c, rows, limit, (delivery) => [delivery.id]),
        200,
      )
    })
    .get('/deliveries/:id', user, docs.get, id, async (c) =>
      c.json(await getDelivery(c.var.caller, c.req.valid('param').id), 200),
    )
    .post('/deliveries/:id/replay', user, docs.replay, id, noBody, idempotent(deps), async (c) =>
      c.json(await replayDelivery(c.var.caller, c.req.valid('param').id), 202),
    )
}

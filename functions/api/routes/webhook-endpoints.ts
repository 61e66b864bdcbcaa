import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import { createEndpoint } from '../../../shared/webhooks/create-endpoint.ts'
import { deleteEndpoint } from '../../../shared/webhooks/delete-endpoint.ts'
import {
  CreatedWebhookEndpoint,
  CreateEndpointInput,
  UpdateEndpointInput,
  WebhookEndpoint,
} from '../../../shared/webhooks/endpoint.ts'
import { getEndpoint, listEndpoints } from '../../../shared/webhooks/list-endpoints.ts'
import { updateEndpoint } from '../../../shared/webhooks/update-endpoint.ts'

const ListQuery = z.strictObject({
  cursor: cursorOf(z.tuple([z.iso.datetime({ offset: true }), z.uuid()])).optional(),
  limit: limitOf(50),
})

const answer = { description: 'The endpoint.', schema: WebhookEndpoint, headers: ['etag'] }

const docs = {
  create: describe({
    summary: 'Add a webhook endpoint',
    description: 'The answer holds the signing secret, once.',
    responses: {
      201: {
        description: 'The endpoint and its secret.',
        schema: CreatedWebhookEndpoint,
        headers: ['etag', 'location'],
      },
    },
    errors: ['not-found', 'role-required', 'webhook-endpoint-limit', 'webhook-account-unknown'],
  }),
  list: describe({
    summary: 'List webhook endpoints, newest first',
    responses: {
      200: { description: 'A page.', schema: pageOf(WebhookEndpoint), headers: ['link'] },
    },
  }),
  get: describe({ summary: 'Read a webhook endpoint', responses: { 200: answer } }),
  update: describe({
    summary: 'Change, disable or enable a webhook endpoint',
    responses: { 200: answer },
    errors: ['role-required', 'webhook-account-unknown'],
  }),
  remove: describe({
    summary: 'Delete a webhook endpoint',
    description: 'With its secrets; what waits for it is failed. Its deliveries stay readable.',
    responses: { 204: { description: 'It is gone.' } },
    errors: ['role-required'],
  }),
}

/** Where the events of a workspace are delivered. */
export const webhookEndpoints = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post(
      '/webhook-endpoints',
      user,
      docs.create,
      workspace,
      validate('json', CreateEndpointInput),
      idempotent(deps),
      async (c) => {
        const { caller, workspaceId } = c.var
        const endpoint = await createEndpoint(deps, caller, workspaceId, c.req.valid('json'))
        setETag(c, endpoint.version)
        c.header('location', `/functions/v1/api/webhook-endpoints/${endpoint.id}`)
        return c.json(endpoint, 201)
      },
    )
    .get(
      '/webhook-endpoints',
      user,
      docs.list,
      workspace,
      validate('query', ListQuery),
      async (c) => {
        const { cursor, limit } = c.req.valid('query')
        const { caller, workspaceId } = c.var
        const rows = await listEndpoints(caller, workspaceId, cursor ?? null, limit + 1)
        return c.json(
          paginate(c, rows, limit, (endpoint) => [endpoint.created_at, endpoint.id]),
          200,
        )
      },
    )
    .get('/webhook-endpoints/:id', user, docs.get, id, async (c) => {
      const endpoint = await getEndpoint(c.var.caller, c.req.valid('param').id)
      setETag(c, endpoint.version)
      return c.json(endpoint, 200)
    })
    .patch(
      '/webhook-endpoints/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateEndpointInput),
      async (c) => {
        const { caller, version } = c.var
        const { id: endpointId } = c.req.valid('param')
        const endpoint = await updateEndpoint(
          deps,
          caller,
          endpointId,
          c.req.valid('json'),
          version,
        )
        setETag(c, endpoint.version)
        return c.json(endpoint, 200)
      },
    )
    .delete('/webhook-endpoints/:id', user, docs.remove, id, ifMatch, async (c) => {
      await deleteEndpoint(c.var.caller, c.req.valid('param').id, c.var.version)
      return c.body(null, 204)
    })
}

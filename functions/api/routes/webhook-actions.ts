import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { RotatedWebhookSecret } from '../../../shared/webhooks/endpoint.ts'
import { rotateSecret } from '../../../shared/webhooks/rotate-secret.ts'
import { TestedEndpoint, testEndpoint } from '../../../shared/webhooks/test-endpoint.ts'

const docs = {
  test: describe({
    summary: 'Send webhook.test to an endpoint',
    responses: { 202: { description: 'It will be sent.', schema: TestedEndpoint } },
    errors: ['role-required', 'webhook-endpoint-disabled'],
  }),
  rotate: describe({
    summary: 'Give an endpoint a new signing secret',
    description: 'For a day deliveries are signed with the one before as well.',
    responses: { 200: { description: 'The new secret, once.', schema: RotatedWebhookSecret } },
    errors: ['role-required'],
  }),
}

/** What can be done with an endpoint besides changing it. */
export const webhookActions = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post('/webhook-endpoints/:id/test', user, docs.test, id, noBody, once, async (c) =>
      c.json(await testEndpoint(c.var.caller, c.req.valid('param').id), 202),
    )
    .post('/webhook-endpoints/:id/rotate-secret', user, docs.rotate, id, noBody, once, async (c) =>
      c.json(await rotateSecret(deps, c.var.caller, c.req.valid('param').id), 200),
    )
}

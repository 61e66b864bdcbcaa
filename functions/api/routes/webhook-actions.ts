import { Hono } from 'hono'
import type { Caller } from '../../../shared/db/caller.ts'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { DryRunQuery, IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { RotatedWebhookSecret } from '../../../shared/webhooks/endpoint.ts'
import {
  type Lacking,
  RecoveredDeliveries,
  RecoverInput,
  recoverDeliveries,
} from '../../../shared/webhooks/recover-deliveries.ts'
import { rotateSecret } from '../../../shared/webhooks/rotate-secret.ts'
import { TestedEndpoint, testEndpoint } from '../../../shared/webhooks/test-endpoint.ts'

const recovering = {
  responses: {
    200: { description: 'A dry run: what would be sent.', schema: RecoveredDeliveries },
    202: { description: 'It will be sent.', schema: RecoveredDeliveries },
  },
  errors: ['role-required' as const, 'webhook-endpoint-disabled' as const, 'log-expired' as const],
}

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
  recover: describe({
    summary: 'Send again what failed',
    description: 'Every delivery to the endpoint made in the period that failed. Safe to repeat.',
    ...recovering,
  }),
  replayMissing: describe({
    summary: 'Send what was never sent',
    description:
      'Events of the period that the endpoint wants and never got: it was disabled, wanted others, or did not exist yet. Safe to repeat.',
    ...recovering,
  }),
}

/** What can be done with an endpoint besides changing it. */
export const webhookActions = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  const id = validate('param', IdParam)
  const dry = validate('query', DryRunQuery)
  const period = validate('json', RecoverInput)
  const recover = async (
    caller: Caller,
    endpoint: Lacking,
    input: RecoverInput,
    dryRun?: 'true' | 'false',
  ): Promise<[RecoveredDeliveries, 200 | 202]> => {
    const isDry = dryRun === 'true'
    return [await recoverDeliveries(deps, caller, endpoint, input, isDry), isDry ? 200 : 202]
  }
  return new Hono()
    .post('/webhook-endpoints/:id/test', user, docs.test, id, noBody, once, async (c) =>
      c.json(await testEndpoint(c.var.caller, c.req.valid('param').id), 202),
    )
    .post('/webhook-endpoints/:id/rotate-secret', user, docs.rotate, id, noBody, once, async (c) =>
      c.json(await rotateSecret(deps, c.var.caller, c.req.valid('param').id), 200),
    )
    .post(
      '/webhook-endpoints/:id/recover',
      user,
      docs.recover,
      id,
      dry,
      period,
      once,
      async (c) => {
        const { dry_run } = c.req.valid('query')
        const endpoint = { id: c.req.valid('param').id, lack: 'failed' as const }
        const done = await recover(c.var.caller, endpoint, c.req.valid('json'), dry_run)
        return c.json(...done)
      },
    )
    .post(
      '/webhook-endpoints/:id/replay-missing',
      user,
      docs.replayMissing,
      id,
      dry,
      period,
      once,
      async (c) => {
        const { dry_run } = c.req.valid('query')
        const endpoint = { id: c.req.valid('param').id, lack: 'missing' as const }
        const done = await recover(c.var.caller, endpoint, c.req.valid('json'), dry_run)
        return c.json(...done)
      },
    )
}

import { z } from 'zod'
import { entry, instant, SAMPLE } from './entry.ts'

const standing = z.object({
  workspace_id: z.uuid(),
  paused_at: instant().nullable(),
  suspended_at: instant().nullable(),
  suspended_reason: z.string().nullable(),
})
const open = {
  workspace_id: SAMPLE.workspace_id,
  paused_at: null,
  suspended_at: null,
  suspended_reason: null,
}
/** The deployment's own app has an id that is no RFC 9562 one. */
const app = z.object({ x_app_id: z.guid(), name: z.string() })
const own = { x_app_id: SAMPLE.x_app_id, name: 'Our own app' }

const dollars = () => z.string().regex(/^-?\$\d+\.\d{2,6}$/)
const month = z.object({
  month: z.string().regex(/^\d{4}-\d{2}$/),
  limit: dollars().nullable(),
  committed: dollars(),
})

export const workspaceEvents = {
  'workspace.paused': entry('Members stopped publishing of a workspace.', standing, {
    ...open,
    paused_at: '2026-12-01T08:00:00+00:00',
  }),
  'workspace.resumed': entry('Members let a workspace publish again.', standing, open),
  'workspace.suspended': entry(
    'The operator stopped a workspace; data.suspended_reason says why.',
    standing,
    { ...open, suspended_at: '2026-12-01T08:00:00+00:00', suspended_reason: 'Spam.' },
  ),
  'workspace.unsuspended': entry('The operator lifted the stop of a workspace.', standing, open),
  'workspace.tier_changed': entry(
    'What the owner of a workspace has subscribed to, and with it its limits.',
    z.object({ workspace_id: z.uuid(), tier: z.string(), previous: z.string() }),
    { workspace_id: SAMPLE.workspace_id, tier: 'pro', previous: 'free' },
  ),
  'budget.changed': entry(
    'The monthly limit of a workspace was set.',
    z.object({ limit: dollars().nullable().meta({ description: 'Null: none.' }) }),
    { limit: '$50.00' },
  ),
  'budget.exhausted': entry(
    'More is held and spent than the limit allows; nothing is sent.',
    month,
    { month: '2026-12', limit: '$50.00', committed: '$50.20' },
  ),
  'budget.restored': entry('The budget allows sending again.', month, {
    month: '2026-12',
    limit: '$80.00',
    committed: '$50.20',
  }),
  'app.created': entry('An X app of a workspace was registered.', app, own),
  'app.changed': entry('The name, the secret or the cap of an X app was changed.', app, own),
  'app.deleted': entry('An X app was deleted, with its secret.', app, own),
  'app.superseded': entry(
    'Another workspace registered an X app through which no account had been connected here: it is gone, with its secret.',
    app,
    own,
  ),
  'app.blocked': entry(
    'X lets an app send nothing now; data says why. Its posts wait.',
    z.object({
      x_app_id: z.guid(),
      detail: z.string().nullable(),
      remedy: z.string().nullable(),
      until: instant().nullable().meta({ description: 'Null: X named no end.' }),
    }),
    {
      x_app_id: SAMPLE.x_app_id,
      detail: 'The X app has no credits left.',
      remedy: 'Add credits in the X developer console.',
      until: null,
    },
  ),
  'app.unblocked': entry('X takes posts of an app again.', z.object({ x_app_id: z.guid() }), {
    x_app_id: SAMPLE.x_app_id,
  }),
  'webhook_endpoint.disabled': entry(
    'A webhook endpoint gets nothing any more; data.reason says why.',
    z.object({
      endpoint_id: z.uuid(),
      url: z.string(),
      reason: z.enum(['requested', 'gone', 'failing']),
      failing_since: instant().nullable(),
    }),
    {
      endpoint_id: SAMPLE.endpoint_id,
      url: 'https://example.com/hook',
      reason: 'failing',
      failing_since: '2026-11-26T08:00:00+00:00',
    },
  ),
  'webhook_endpoint.failing': entry(
    'Nothing got through to a webhook endpoint for a day; the endpoint itself is not sent this. After five days it is disabled. Told once until something gets through.',
    z.object({ endpoint_id: z.uuid(), url: z.string(), failing_since: instant() }),
    {
      endpoint_id: SAMPLE.endpoint_id,
      url: 'https://example.com/hook',
      failing_since: '2026-11-30T08:00:00+00:00',
    },
  ),
  'webhook.test': entry(
    'Somebody tests a webhook endpoint. Goes to that endpoint alone.',
    z.object({ endpoint_id: z.uuid() }),
    { endpoint_id: SAMPLE.endpoint_id },
  ),
}

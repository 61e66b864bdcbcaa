import { Hono } from 'hono'
import {
  createXApp,
  deleteXApp,
  getXApp,
  listXApps,
  updateXApp,
} from '../../../shared/accounts/manage-x-apps.ts'
import { CreateXAppInput, UpdateXAppInput, XApp } from '../../../shared/accounts/x-app.ts'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'

const answer = { description: 'The app.', schema: XApp, headers: ['etag'] }

const docs = {
  create: describe({
    summary: 'Register an X app of your own',
    description:
      'Accounts connected with its x_app_id use its credits and its daily cap. Register <SUPABASE_URL>/functions/v1/api/accounts/callback as its callback at X. Until an account was connected through it, another workspace that registers the same app takes its place (`app.superseded`).',
    responses: { 201: { ...answer, headers: ['etag', 'location'] } },
    errors: ['not-found', 'role-required', 'workspace-suspended', 'x-app-registered'],
  }),
  list: describe({
    summary: 'List the X apps of a workspace, oldest first',
    responses: { 200: { description: 'All of them.', schema: pageOf(XApp) } },
  }),
  get: describe({ summary: 'Read an X app', responses: { 200: answer } }),
  update: describe({
    summary: 'Rename an X app, replace its secret or change its cap',
    description:
      'An app that is blocked because its posts_per_day are used up goes on at once when they are raised above what it sent; one that X blocks stays blocked.',
    responses: { 200: answer },
    errors: ['role-required'],
  }),
  remove: describe({
    summary: 'Delete an X app through which no account is connected',
    description: 'Accounts that are name it as x_app_id; the refusal names up to ten of them.',
    responses: { 204: { description: 'It is gone, with its secret.' } },
    errors: ['role-required', 'x-app-in-use'],
  }),
}

/** Customers' own X apps. */
export const xApps = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post(
      '/x-apps',
      user,
      docs.create,
      workspace,
      validate('json', CreateXAppInput),
      idempotent(deps),
      async (c) => {
        const { caller, workspaceId } = c.var
        const app = await createXApp(deps, caller, workspaceId, c.req.valid('json'))
        setETag(c, app.version)
        c.header('location', `/functions/v1/api/x-apps/${app.id}`)
        return c.json(app, 201)
      },
    )
    .get('/x-apps', user, docs.list, workspace, async (c) => {
      const data = await listXApps(c.var.caller, c.var.workspaceId)
      return c.json({ data, next_cursor: null, has_more: false }, 200)
    })
    .get('/x-apps/:id', user, docs.get, id, async (c) => {
      const app = await getXApp(c.var.caller, c.req.valid('param').id)
      setETag(c, app.version)
      return c.json(app, 200)
    })
    .patch(
      '/x-apps/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateXAppInput),
      async (c) => {
        const { caller, version } = c.var
        const changes = c.req.valid('json')
        const app = await updateXApp(deps, caller, c.req.valid('param').id, changes, version)
        setETag(c, app.version)
        return c.json(app, 200)
      },
    )
    .delete('/x-apps/:id', user, docs.remove, id, ifMatch, async (c) => {
      await deleteXApp(c.var.caller, c.req.valid('param').id, c.var.version)
      return c.body(null, 204)
    })
}

import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import {
  getWorkspace,
  listWorkspaces,
  UpdateWorkspaceInput,
  updateWorkspace,
  Workspace,
} from '../../../shared/workspaces/workspace.ts'

const ListQuery = z.strictObject({
  cursor: cursorOf(z.tuple([z.iso.datetime({ offset: true }), z.uuid()])).optional(),
  limit: limitOf(50),
})

const answer = { description: 'The workspace.', schema: Workspace, headers: ['etag'] }

const docs = {
  list: describe({
    summary: 'List your workspaces, newest first',
    responses: { 200: { description: 'A page.', schema: pageOf(Workspace), headers: ['link'] } },
  }),
  get: describe({ summary: 'Read a workspace', responses: { 200: answer } }),
  update: describe({
    summary: 'Pause, resume or change a workspace',
    description:
      'While it is paused nothing of it is sent, and posts that come due do what their late policy says. Resumed, it catches up.',
    responses: { 200: answer },
    errors: ['role-required', 'workspace-suspended'],
  }),
}

/** Workspaces of the caller. */
export const workspaces = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .get('/workspaces', user, docs.list, validate('query', ListQuery), async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const rows = await listWorkspaces(c.var.caller, cursor ?? null, limit + 1)
      return c.json(
        paginate(c, rows, limit, (row) => [row.created_at, row.id]),
        200,
      )
    })
    .get('/workspaces/:id', user, docs.get, id, async (c) => {
      const workspace = await getWorkspace(c.var.caller, c.req.valid('param').id)
      setETag(c, workspace.version)
      return c.json(workspace, 200)
    })
    .patch(
      '/workspaces/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateWorkspaceInput),
      async (c) => {
        const { id: workspaceId } = c.req.valid('param')
        const changes = c.req.valid('json')
        const workspace = await updateWorkspace(c.var.caller, workspaceId, changes, c.var.version)
        setETag(c, workspace.version)
        return c.json(workspace, 200)
      },
    )
}

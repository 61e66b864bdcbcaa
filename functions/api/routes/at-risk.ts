import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { paginate } from '../../../shared/http/page.ts'
import { pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import { AtRisk, listAtRisk } from '../../../shared/posts/list-at-risk.ts'

const ListQuery = z.strictObject({
  cursor: cursorOf(z.tuple([z.iso.datetime({ offset: true }), z.uuid()])).optional(),
  limit: limitOf(50),
})

const list = describe({
  summary: 'Posts due within 24 hours that something keeps back',
  description: 'The first due first, each with what is in its way and what to do about it.',
  responses: { 200: { description: 'A page.', schema: pageOf(AtRisk), headers: ['link'] } },
})

/** Which posts will be late unless somebody acts. Stands before /posts/:id. */
export const atRisk = (deps: Deps) =>
  new Hono().get(
    '/posts/at-risk',
    requireUser(deps),
    list,
    workspace,
    validate('query', ListQuery),
    async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const rows = await listAtRisk(c.var.caller, c.var.workspaceId, cursor ?? null, limit + 1)
      return c.json(
        paginate(c, rows, limit, ({ due_at, post }) => [due_at, post.id]),
        200,
      )
    },
  )

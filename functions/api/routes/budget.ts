import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { ifMatch, sendVersion } from '../../../shared/http/if-match.ts'
import { IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import {
  Budget,
  getBudget,
  UpdateBudgetInput,
  updateBudget,
} from '../../../shared/workspaces/budget.ts'

const responses = { 200: { description: 'The budget.', schema: Budget, headers: ['etag'] } }

const docs = {
  get: describe({
    summary: 'What a workspace may spend in a month, holds and has spent',
    description: 'Months are those of UTC. A post counts in the month it is scheduled for.',
    responses,
    errors: ['not-found'],
  }),
  update: describe({
    summary: 'Set what a workspace may spend in a month',
    description:
      'Below what is held and spent already, nothing more is sent until the limit is raised, posts are unscheduled, or the month is over; the late policy of each post decides what happens meanwhile.',
    responses,
    errors: ['not-found', 'role-required'],
  }),
}

/** The money of a workspace. */
export const budget = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .get('/workspaces/:id/budget', user, docs.get, id, async (c) =>
      sendVersion(c, await getBudget(c.var.caller, c.req.valid('param').id)),
    )
    .patch(
      '/workspaces/:id/budget',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateBudgetInput),
      async (c) => {
        const { caller, version } = c.var
        const { id: workspaceId } = c.req.valid('param')
        const input = c.req.valid('json')
        return sendVersion(c, await updateBudget(caller, workspaceId, input, version))
      },
    )
}

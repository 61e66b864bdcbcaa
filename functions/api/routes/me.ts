import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { PeriodQuery } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { getMe, Me, UpdateMeInput, updateMe } from '../../../shared/workspaces/me.ts'
import { getUsage, Usage } from '../../../shared/workspaces/usage.ts'

const responses = { 200: { description: 'You.', schema: Me } }

const docs = {
  get: describe({ summary: 'Who you are, and your workspaces', responses }),
  update: describe({ summary: 'Change your settings', responses, errors: ['settings-invalid'] }),
  usage: describe({
    summary: 'What you used',
    description: 'Per UTC day and in total; without dates the last 30 days.',
    responses: { 200: { description: 'The usage.', schema: Usage } },
    errors: ['period-invalid'],
  }),
}

/** The caller themselves. */
export const me = (deps: Deps) => {
  const user = requireUser(deps)
  return new Hono()
    .get('/me', user, docs.get, async (c) => c.json(await getMe(c.var.caller), 200))
    .patch('/me', user, docs.update, validate('json', UpdateMeInput), async (c) =>
      c.json(await updateMe(c.var.caller, c.req.valid('json').settings), 200),
    )
    .get('/usage', user, docs.usage, validate('query', PeriodQuery), async (c) =>
      c.json(await getUsage(c.var.caller, c.req.valid('query')), 200),
    )
}

import { Hono } from 'hono'
import {
  AccountSummary,
  accountSummary,
  PostAnalytics,
  postAnalytics,
} from '../../../shared/analytics/summary.ts'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { IdParam, PeriodQuery } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'

const docs = {
  summary: describe({
    summary: 'What the posts of an account did',
    description: 'Totals, growth and lateness over UTC days; without dates the last 30.',
    responses: { 200: { description: 'The summary.', schema: AccountSummary } },
    errors: ['period-invalid'],
  }),
  post: describe({
    summary: 'What a post did',
    responses: { 200: { description: 'Its counters.', schema: PostAnalytics } },
  }),
}

/** What came of what was published. */
export const analytics = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .get(
      '/analytics/accounts/:id/summary',
      user,
      docs.summary,
      id,
      validate('query', PeriodQuery),
      async (c) => {
        const { id: accountId } = c.req.valid('param')
        return c.json(await accountSummary(c.var.caller, accountId, c.req.valid('query')), 200)
      },
    )
    .get('/analytics/posts/:id', user, docs.post, id, async (c) =>
      c.json(await postAnalytics(c.var.caller, c.req.valid('param').id), 200),
    )
}

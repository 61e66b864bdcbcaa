import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { matchedRoutes } from 'hono/route'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import type { Problem } from './problem.ts'

type LoggedEnv = { Variables: { requestId: string; caller?: Caller; problem?: Problem } }

/** One line per request: the route's template, never its path, query, headers or body. */
export const requestLog = (deps: Pick<Deps, 'monotonic' | 'log'>) =>
  createMiddleware<LoggedEnv>(async (c, next) => {
    const startedAt = deps.monotonic()
    await next()
    deps.log({
      level: c.res.status >= 500 ? 'error' : 'info',
      message: 'request',
      request_id: c.var.requestId,
      method: c.req.method,
      route: routeOf(c),
      status: c.res.status,
      problem: c.var.problem?.slug,
      user_id: c.var.caller?.userId,
      duration_ms: Math.round(deps.monotonic() - startedAt),
    })
  })

/** The template of the route that answered; null when none did. */
const routeOf = (c: Context) => {
  const route = matchedRoutes(c)[c.req.routeIndex]
  return route === undefined || route.method === 'ALL' ? null : route.path
}

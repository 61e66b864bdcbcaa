import type { Hono, NotFoundHandler } from 'hono'
import { problems } from './problems.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** 405 with what the path does take, when it takes anything; 404 otherwise. */
export const createNotFound =
  (app: Pick<Hono, 'router'>): NotFoundHandler =>
  (c) => {
    const allowed = methods.filter((method) =>
      app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method === method),
    )
    throw allowed.length > 0 ? problems.methodNotAllowed(allowed) : problems.noSuchRoute()
  }

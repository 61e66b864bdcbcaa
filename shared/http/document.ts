import type { MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import type { Slug } from './problem-types.ts'

/** What one middleware contributes to the OpenAPI description of the route it stands on. */
export type Fragment = {
  summary?: string
  description?: string
  /** Status to body schema (null: no body) of the answers that are no errors. */
  responses?: Record<number, { description: string; schema?: z.ZodType; headers?: string[] }>
  errors?: readonly Slug[]
  body?: z.ZodType
  path?: z.ZodObject
  query?: z.ZodObject
  header?: z.ZodObject
  security?: 'user'
}

const fragments = new WeakMap<object, Fragment>()

/** Attaches a fragment to a middleware; the document is collected from the routes themselves. */
export const documented = <Handler extends object>(
  handler: Handler,
  fragment: Fragment,
): Handler => {
  fragments.set(handler, fragment)
  return handler
}

export const fragmentOf = (handler: object): Fragment | undefined => fragments.get(handler)

/** Says what a route does, answers and refuses. Does nothing else. */
export const describe = (
  fragment: Fragment & Required<Pick<Fragment, 'summary' | 'responses'>>,
): MiddlewareHandler => documented((_c, next) => next(), fragment)

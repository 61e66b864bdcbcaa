import type { Context, ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Deps } from '../deps.ts'
import { Problem } from './problem.ts'
import { titleOf } from './problem-types.ts'
import { problems } from './problems.ts'

/** Where the meaning of a slug is written down; the base of every problem's `type`. */
export const docsBase = (env: Deps['env']): string =>
  env.DOCS_URL?.replace(/\/$/, '') ?? `${env.SUPABASE_URL}/functions/v1/api/docs`

/** Answers every error as RFC 9457 problem+json, and logs what the caller is not told. */
export const createOnError =
  (deps: Pick<Deps, 'env' | 'log'>): ErrorHandler =>
  (error, c) => {
    const problem = asProblem(error)
    const cause = problem.cause ?? (problem.status >= 500 ? error : undefined)
    if (problem.status >= 500) {
      deps.log({
        level: 'error',
        message: problem.slug,
        request_id: c.get('requestId'),
        cause: describe(cause),
      })
    }
    c.set('problem', problem)
    return writeProblem(deps, c, problem)
  }

const writeProblem = (deps: Pick<Deps, 'env'>, c: Context, problem: Problem) => {
  const { retry_after_seconds: retryAfter } = problem.extra
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter))
  if (problem.status === 401) headers.set('www-authenticate', 'Bearer realm="myposts"')
  if (problem.status === 405) headers.set('allow', (problem.extra.allowed as string[]).join(', '))
  const body = {
    type: `${docsBase(deps.env)}/errors#${problem.slug}`,
    title: titleOf(problem.slug),
    status: problem.status,
    detail: problem.detail,
    instance: c.get('requestId'),
    ...problem.extra,
  }
  return new Response(JSON.stringify(body), { status: problem.status, headers })
}

const asProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  if (error instanceof HTTPException && error.status === 400) {
    return problems.malformedJson('The body is not valid JSON.')
  }
  return problems.internal(error)
}

const describe = (cause: unknown) => {
  if (cause instanceof Error)
    return { name: cause.name, message: cause.message, stack: cause.stack }
  return cause
}

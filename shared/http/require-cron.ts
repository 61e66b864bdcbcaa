import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { createSecretCheck } from '../crypto/secret-check.ts'
import type { Deps } from '../deps.ts'
import { problems } from './problems.ts'

/**
 * Lets cron and triggers through: they send the secret key named `cron` as `apikey`. One key is all
 * there is to compare. @supabase/server compares the same, but brings supabase-js with it, half of
 * the cold start of a worker whose every millisecond of CPU is counted.
 */
export const requireCron = ({ env }: Pick<Deps, 'env'>): MiddlewareHandler => {
  const { cron } = env.SUPABASE_SECRET_KEYS
  const isKey = cron === undefined ? undefined : createSecretCheck(cron)
  return createMiddleware(async (c, next) => {
    if (!isKey) throw problems.internal(new Error('SUPABASE_SECRET_KEYS has no key named cron'))
    const given = c.req.header('apikey')
    if (!given || !(await isKey(given))) throw problems.unauthorized()
    await next()
  })
}

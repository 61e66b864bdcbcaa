import { withSupabase } from '@supabase/server/adapters/hono'
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { type Rpc, rpcAs } from '../db/rpc.ts'
import { type Select, selectAs } from '../db/select.ts'
import type { Deps } from '../deps.ts'
import { problems } from './problems.ts'

/** Who makes the request, and the database as they may see it. */
export type Caller = { userId: string; rpc: Rpc; select: Select }

export type CallerEnv = { Variables: { caller: Caller } }

type Auth = 'user' | 'secret:cron'

/** @supabase/server's check alone: throws 401 for a missing credential and for a bad one alike. */
const check = (deps: Pick<Deps, 'env' | 'fetch'>, auth: Auth) => {
  const { env } = deps
  const verify = withSupabase({
    auth,
    ...(auth === 'user' ? { audience: 'authenticated' } : {}),
    env: {
      url: env.SUPABASE_URL,
      publishableKeys: env.SUPABASE_PUBLISHABLE_KEYS as Record<string, string>,
      secretKeys: env.SUPABASE_SECRET_KEYS as Record<string, string>,
      jwks: env.SUPABASE_JWKS as never,
    },
  })
  return async (c: Parameters<typeof verify>[0]) => {
    try {
      await verify(c, async () => {})
    } catch (error) {
      if (error instanceof HTTPException && error.status < 500) {
        throw problems.unauthorized(undefined, error)
      }
      throw error
    }
    return c.var.supabaseContext
  }
}

/** Lets signed-in people through and sets `c.var.caller`; everyone else gets 401. */
export const requireUser = (deps: Pick<Deps, 'env' | 'fetch'>): MiddlewareHandler<CallerEnv> => {
  const verify = check(deps, 'user')
  return createMiddleware<CallerEnv>(async (c, next) => {
    const { userClaims } = await verify(c as never)
    // Signed by this project and still no person: anon and service tokens carry other roles.
    if (userClaims?.role !== 'authenticated') throw problems.unauthorized()
    const token = c.req.header('authorization')?.slice('Bearer '.length) ?? ''
    c.set('caller', {
      userId: userClaims.id,
      rpc: rpcAs(deps, token),
      select: selectAs(deps, token),
    })
    await next()
  })
}

/** Lets cron and triggers through: they hold the secret key named `cron`. */
export const requireCron = (deps: Pick<Deps, 'env' | 'fetch'>): MiddlewareHandler => {
  const verify = check(deps, 'secret:cron')
  return createMiddleware(async (c, next) => {
    await verify(c as never)
    await next()
  })
}

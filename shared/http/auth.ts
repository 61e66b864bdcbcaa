import type { withSupabase } from '@supabase/server/adapters/hono'
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { type Caller, callerOf } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { documented } from './document.ts'
import { problems } from './problems.ts'

export type CallerEnv = { Variables: { caller: Caller } }

type Verify = ReturnType<typeof withSupabase>

/** Loaded with the first request that needs it: it brings supabase-js, a third of a cold start. */
const load = async ({ env }: Pick<Deps, 'env'>): Promise<Verify> => {
  const { withSupabase } = await import('@supabase/server/adapters/hono')
  return withSupabase({
    auth: 'user',
    audience: 'authenticated',
    env: {
      url: env.SUPABASE_URL,
      publishableKeys: env.SUPABASE_PUBLISHABLE_KEYS,
      secretKeys: env.SUPABASE_SECRET_KEYS,
      jwks: env.SUPABASE_JWKS as never,
    },
  })
}

/** @supabase/server's check alone: throws 401 for a missing credential and for a bad one alike. */
const check = (deps: Pick<Deps, 'env'>) => {
  let verify: Promise<Verify> | undefined
  return async (c: Parameters<Verify>[0]) => {
    verify ??= load(deps)
    try {
      await (await verify)(c, async () => {})
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
  const verify = check(deps)
  const guard = createMiddleware<CallerEnv>(async (c, next) => {
    const { userClaims } = await verify(c as never)
    // Signed by this project and still no person: anon and service tokens carry other roles.
    if (userClaims?.role !== 'authenticated') throw problems.unauthorized()
    const token = c.req.header('authorization')?.slice('Bearer '.length) ?? ''
    c.set('caller', callerOf(deps, userClaims.id, token))
    await next()
  })
  return documented(guard, { security: 'user', errors: ['unauthorized'] })
}

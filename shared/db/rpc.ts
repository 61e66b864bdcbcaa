import type { Deps } from '../deps.ts'
import { type RestOptions, restRequest } from './rest.ts'

/**
 * Calls one SQL function with named arguments and returns its result (null for none).
 * Throws a `Problem` for everything the database or the way to it refuses.
 */
export type Rpc = <T>(fn: string, args?: Record<string, unknown>) => Promise<T>

export const createRpc =
  (options: RestOptions): Rpc =>
  <T>(fn: string, args: Record<string, unknown> = {}) =>
    restRequest<T>(options, `rpc/${fn}`, { method: 'POST', body: JSON.stringify(args) })

/** SQL functions of schema `public`, called as the user whose access token it is. */
export const rpcAs = (deps: Pick<Deps, 'env' | 'fetch'>, token: string): Rpc =>
  createRpc(callerOptions(deps, token))

export const callerOptions = (deps: Pick<Deps, 'env' | 'fetch'>, token: string): RestOptions => ({
  url: deps.env.SUPABASE_URL,
  apikey: deps.env.SUPABASE_PUBLISHABLE_KEYS.default,
  token,
  schema: 'public',
  fetch: deps.fetch,
})

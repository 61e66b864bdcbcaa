import { type Answer, refusals } from './answers.ts'
import { rateHeaders } from './rate-windows.ts'
import type { Account, App, Grant } from './state.ts'
import type { World } from './world.ts'

export type Call = {
  method: string
  path: string
  search: string
  authorization: string | undefined
  /** As text; empty for a multipart body. */
  body: string
  raw: Buffer
  contentType: string | undefined
  /** The last variable part of the path, an id. */
  id: string
}

export type Caller = { grant: Grant; account: Account; app: App }

export type Endpoint = (world: World, call: Call) => Answer

/** Whose access token this is, null when it is unknown, expired or of a revoked family. */
export const identify = (world: World, authorization: string | undefined): Caller | null => {
  if (!authorization?.startsWith('Bearer ')) return null
  const grant = world.state.access.get(authorization.slice(7))
  if (!grant || grant.expires_at <= world.now()) return null
  if (world.state.deadFamilies.has(grant.family)) return null
  const account = world.state.accounts.get(grant.user_id)
  const app = world.state.apps.get(grant.client_id)
  return account && app ? { grant, account, app } : null
}

type Limited =
  | 'posts'
  | 'deletes'
  | 'lookups'
  | 'timelines'
  | 'me'
  | 'media_initialize'
  | 'media_append'
  | 'media_finalize'
  | 'media_status'

/** Runs `then` for a known caller within the endpoint's 15 minute window, with X's rate headers. */
export const asUser = (
  world: World,
  call: Call,
  endpoint: Limited,
  then: (caller: Caller) => Answer,
): Answer => {
  const caller = identify(world, call.authorization)
  if (!caller) return refusals.unauthorized()
  const limit = world.state.limits[`${endpoint}_per_15_min`]
  const key = `${endpoint}:${caller.account.user.id}:${caller.app.client_id}`
  const window = world.windows.take(key, limit, 900, world.now())
  const headers = rateHeaders(window)
  if (!window.allowed) return refusals.rateLimited(headers)
  const answer = then(caller)
  return {
    status: answer.status,
    body: answer.body,
    headers: Object.assign(headers, answer.headers),
  }
}

import { createMiddleware } from 'hono/factory'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'

type Need = Pick<Deps, 'service' | 'background' | 'sleep'>

/** How long calls are gathered before they are recorded together. */
const gatherMs = 2000

/**
 * Counts calls per signed-in person and records them in one go every two seconds, after the answers.
 * Calls of an isolate that is killed in between are not counted.
 */
export const countCalls = (deps: Need) => {
  let counts = new Map<string, number>()

  const record = async () => {
    await deps.sleep(gatherMs)
    const rows = Array.from(counts, ([user_id, api_calls]) => ({ user_id, api_calls }))
    counts = new Map()
    await deps.service('record_usage', { p_rows: rows })
  }
  return createMiddleware<{ Variables: { caller?: Caller } }>(async (c, next) => {
    await next()
    const userId = c.var.caller?.userId
    if (userId === undefined) return
    if (counts.size === 0) deps.background(record())
    counts.set(userId, (counts.get(userId) ?? 0) + 1)
  })
}

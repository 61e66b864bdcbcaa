import type { Call } from '../../../scripts/stack/sandbox-x/call.ts'
import type { World } from '../world.ts'
import type { Fate } from './fates.ts'

/** A worker's request for a new pair of tokens. */
type Refresh = { token: string; who: string; askedAt: number; isOver: boolean }

/**
 * How long whoever was asked first may still be at it when another one asks: a lease of a minute is used for
 * no request that it does not cover by 20 seconds.
 */
const APART_MS = 20_000

const tokenOf = ({ path, body }: Call): string | null =>
  path.endsWith('oauth2/token') ? new URLSearchParams(body).get('refresh_token') : null

/** Refresh tokens work once: who spends them, and what X wrongly says of them. */
export const createRefreshes = (world: World) => {
  const { scheduler, plan } = world
  const random = world.random.fork('slips')
  const asked: Refresh[] = []
  const slipped = new Set<string>()

  return {
    /** Somebody asks for a new pair, and nobody else may be doing so. A suspended worker misjudges its lease. */
    ask: (call: Call, who: string): Refresh | null => {
      const token = tokenOf(call)
      if (token === null) return null
      const now = scheduler.now()
      const rival = asked.find(
        (other) => other.token === token && !other.isOver && now - other.askedAt < APART_MS,
      )
      if (rival && !plan.isolate.suspends) {
        world.fail(`${who} spends a refresh token while ${rival.who} spends it`)
      }
      const refresh = { token, who, askedAt: now, isOver: false }
      asked.push(refresh)
      return refresh
    },
    /** X calls a refresh token wrong that is not, once. */
    slip: (call: Call): Fate | null => {
      const token = tokenOf(call)
      if (token === null || !world.isStormy() || slipped.has(token)) return null
      if (!random.chance(plan.x.slips)) return null
      slipped.add(token)
      return { kind: 'not carried out, but', ending: '400 grant', ms: random.between(20, 400) }
    },
  }
}

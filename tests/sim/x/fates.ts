import type { Call } from '../../../scripts/stack/sandbox-x/call.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'

/** What becomes of one request to X. */
export type Fate =
  /** Carried out, and answered after `ms`. */
  | { kind: 'answers'; ms: number }
  /** Carried out; the answer is something else, or none. */
  | { kind: 'carried out, then'; ending: Ending; ms: number }
  /** Carried out long after it was sent; nobody hears of it. */
  | { kind: 'late'; carryMs: number; answers: boolean }
  /** Not carried out. */
  | { kind: 'not carried out, but'; ending: Ending; ms: number }

export type Ending =
  | 'hangs'
  | 'reset'
  | 'never left'
  | '500'
  | '503'
  | '302'
  | 'garbage'
  | 'the id of another post'
  | '401'
  | '402'
  | '403'
  | '403 duplicate'
  | '403 reply'
  | '403 suspended'
  | '403 daily limit'
  | '403 spending limit'
  | '404 media'
  | '400'
  | '400 grant'
  | '429 bare'
  | '429 with a reset'
  | '429 of the app'
  | '429 with nonsense'

const afterwards: Record<string, number> = {
  hangs: 3,
  reset: 3,
  '500': 3,
  '503': 1,
  garbage: 1,
}

const refusals: Record<string, number> = {
  hangs: 2,
  reset: 2,
  'never left': 2,
  '500': 2,
  '503': 1,
  '302': 0.3,
  '402': 0.4,
  '403': 1,
  '403 duplicate': 1,
  '400': 0.7,
  '429 bare': 1,
  '429 with a reset': 1.5,
  '429 of the app': 0.4,
  '429 with nonsense': 0.5,
}

const moods: Record<string, number> = {
  '403 reply': 0.4,
  '403 suspended': 0.3,
  '403 daily limit': 0.5,
  '403 spending limit': 0.2,
  '404 media': 0.7,
}

const readRefusals: Record<string, number> = {
  hangs: 2,
  reset: 2,
  'never left': 1,
  '500': 2,
  '503': 1,
  garbage: 1,
  '402': 0.3,
  '429 bare': 1,
  '429 with a reset': 1,
}

const slowness = (random: Random): number =>
  random.chance(0.85) ? random.between(20, 400) : random.pick([2_000, 9_000, 18_000, 25_000])

const isPost = ({ method, path }: Call) => method === 'POST' && path === '/2/tweets'

/** Draws what happens to a request. Without a storm everything is answered at once. */
export const drawFate = (world: World, random: Random, call: Call): Fate => {
  const { x } = world.plan
  if (!world.isStormy()) return { kind: 'answers', ms: 30 }
  const ms = slowness(random)
  if (!call.path.includes('oauth2') && random.chance(x.falseUnauthorized)) {
    return { kind: 'not carried out, but', ending: '401', ms }
  }
  if (!random.chance(isPost(call) ? x.fault : x.readFault)) return { kind: 'answers', ms }
  if (!isPost(call)) {
    const isToken = call.path.includes('oauth2') && random.chance(0.4)
    return isToken
      ? { kind: 'carried out, then', ending: random.weighted(afterwards) as Ending, ms }
      : { kind: 'not carried out, but', ending: random.weighted(readRefusals) as Ending, ms }
  }
  const kind = random.weighted({ after: 5, late: 3, instead: 5, ...x.kinds })
  if (kind === 'late') {
    const longest = random.chance(0.3) ? x.longestCarryMs : Math.min(x.longestCarryMs, 19_000)
    const carryMs = x.shortestCarryMs
      ? random.between(x.shortestCarryMs, x.longestCarryMs)
      : random.between(0, longest)
    return { kind: 'late', carryMs, answers: random.chance(0.3) }
  }
  const refused = { ...refusals, ...(x.hasMoods && moods), ...x.refusals }
  const endings = { ...afterwards, 'the id of another post': x.foreignIds }
  return kind === 'after'
    ? { kind: 'carried out, then', ending: random.weighted(endings) as Ending, ms }
    : { kind: 'not carried out, but', ending: random.weighted(refused) as Ending, ms }
}

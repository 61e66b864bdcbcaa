import type { Deps } from '../deps.ts'
import type { Lease } from '../worker/lease.ts'
import { retry } from '../worker/retry.ts'
import type { Advance, Attempt, AttemptResult, DoneLane, GoRequest, Refused } from './batches.ts'

export type Part = { go: GoRequest[]; results: AttemptResult[]; done: DoneLane[] }
/** One batch of steps: all its calls are made under one id, so that a repeated one answers alike. */
export type Going = { id: string; leaseOf: (lengthMs: number) => Lease }
export type Answer = {
  lease: Lease
  byPost: Map<string, Attempt>
  /** Results that were not applied. `kept` repeats them, and resolves once they are. */
  refused: Set<AttemptResult>
  kept: Promise<null>
}

type Need = Pick<Deps, 'env' | 'monotonic' | 'sleep' | 'service' | 'log'>

/** Results are evidence, so they are reported hard, long after the lease. */
export const REPORT_MS = 120_000

/**
 * One call of service.advance. What it settled is logged; a result that the database refuses for itself is
 * evidence still: the call stands, and that result is repeated alone.
 */
export const callAdvance = async (deps: Need, going: Going, part: Part): Promise<Answer> => {
  const answer = await ask(deps, going, part)
  const keys = new Set((answer.refused ?? []).map(keyOf))
  const refused = part.results.filter((result) => keys.has(keyOf(result)))
  const settled = part.results.filter((result) => !keys.has(keyOf(result)))
  if (settled.length > 0) deps.log({ message: 'attempts settled', ...countsOf(settled) })
  const byPost = new Map(answer.attempts.map((attempt) => [attempt.post_id, attempt]))
  const kept = refused.length > 0 ? keep(deps, going, refused) : Promise.resolve(null)
  return { lease: going.leaseOf(answer.lease_ms), byPost, refused: new Set(refused), kept }
}

const ask = (deps: Need, going: Going, { go, results, done }: Part): Promise<Advance> =>
  deps.service<Advance>('advance', {
    p_go_id: going.id,
    p_go: go,
    p_results: results,
    p_release: done,
    p_pause: `${deps.env.THREAD_PAUSE_SECONDS} seconds`,
  })

const keyOf = ({ post_id, position, number }: AttemptResult | Refused): string =>
  `${post_id}/${position}/${number}`

/** `{accepted: 12, unknown: 1}`: how many results have each outcome. */
const countsOf = (results: AttemptResult[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const keep = (deps: Need, going: Going, results: AttemptResult[]): Promise<null> => {
  const repeat = async () => {
    const { refused = [] } = await ask(deps, going, { go: [], results, done: [] })
    if (refused[0]) throw new Error(`${refused.length} results refused: ${refused[0].detail}`)
    deps.log({ message: 'attempts settled', ...countsOf(results) })
    return null
  }
  const kept = deps.sleep(100).then(() => retry(deps, repeat, { forMs: REPORT_MS }))
  kept.catch((error: unknown) => {
    deps.log({ level: 'error', message: 'results given up', error: String(error) })
  })
  return kept
}

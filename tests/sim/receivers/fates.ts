import type { Random } from '../random.ts'
import type { World } from '../world.ts'

/** How a receiver ends a request: an answer, an error of fetch, or nothing ever. */
export type Ending =
  | { kind: 'answers'; status: number; retryAfterMs?: number }
  | { kind: 'breaks' }
  | { kind: 'hangs' }

/** `ms` is how long it takes. */
export type Fate = { ending: Ending; ms: number }

const answer = (status: number, retryAfterMs?: number): Ending => ({
  kind: 'answers',
  status,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

const endings: Record<string, (random: Random) => Ending> = {
  '204': () => answer(204),
  '302': () => answer(302),
  '404': () => answer(404),
  '410': () => answer(410),
  '429': (random) => answer(429, random.pick([1, 20, 200, 4_000]) * 1_000),
  '500': () => answer(500),
  '503': (random) =>
    answer(503, random.chance(0.5) ? random.pick([2, 30, 600]) * 1_000 : undefined),
  breaks: () => ({ kind: 'breaks' }),
  hangs: () => ({ kind: 'hangs' }),
}

const weights = {
  '204': 0.5,
  '302': 0.3,
  '404': 0.5,
  '410': 0.25,
  '429': 1,
  '500': 2,
  '503': 1,
  breaks: 2,
  hangs: 1,
}

const slowness = (random: Random): number =>
  random.chance(0.8) ? random.between(5, 300) : random.pick([2_500, 9_000, 14_500, 16_000])

/** Draws what becomes of a request to a receiver. Without a storm the living take it at once. */
export const drawFate = (world: World, random: Random, isDead: boolean): Fate => {
  if (isDead) return { ending: random.chance(0.2) ? { kind: 'hangs' } : answer(500), ms: 30 }
  if (!world.isStormy()) return { ending: answer(200), ms: 30 }
  const ms = slowness(random)
  if (!random.chance(world.plan.webhooks.fault)) return { ending: answer(200), ms }
  return { ending: endings[random.weighted(weights)]?.(random) ?? answer(200), ms }
}

export const isSuccess = (ending: Ending): boolean =>
  ending.kind === 'answers' && ending.status >= 200 && ending.status < 300

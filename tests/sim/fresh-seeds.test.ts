import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { explain, openPlayer, type Player } from './play-seeds.ts'

const SEEDS = 50
const first = Math.floor(Math.random() * 1_000_000_000)
let player: Player

beforeAll(async () => {
  console.log(`fresh seeds ${first} to ${first + SEEDS - 1}`)
  const { adminUrl, template } = inject('database')
  player = await openPlayer(adminUrl, template)
})
afterAll(() => player.close())

test(`${SEEDS} seeds nobody has played before: no invariant is broken`, async () => {
  for (let seed = first; seed < first + SEEDS; seed += 1) {
    const outcome = await player.play(seed)
    if (outcome.violation) expect.fail(explain(outcome))
  }
})

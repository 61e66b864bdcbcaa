import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { explain, openPlayer, type Player } from './play-seeds.ts'

const SEEDS = 200
let player: Player

beforeAll(async () => {
  const { adminUrl, template } = inject('database')
  player = await openPlayer(adminUrl, template)
})
afterAll(() => player.close())

test(`${SEEDS} seeds, always the same: no invariant is broken`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = await player.play(seed)
    if (outcome.violation) expect.fail(explain(outcome))
  }
})

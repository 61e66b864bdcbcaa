import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openPlayer, type Player } from '../play-seeds.ts'
import { GUARDS } from './guards.ts'

/** A guard that no seed of these needs is not shown to be one. */
const MOST_SEEDS = 60
let player: Player

beforeAll(async () => {
  const { adminUrl, template } = inject('database')
  player = await openPlayer(adminUrl, template)
})
afterAll(() => player.close())

test.each(GUARDS)('without it the simulation fails: $name', async ({ tampering, sees, change }) => {
  for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
    const { violation } = await player.play(seed, change, tampering)
    if (violation === null) continue
    expect(violation).toMatch(sees)
    return
  }
  expect.fail(`${MOST_SEEDS} seeds hold without this guard`)
})

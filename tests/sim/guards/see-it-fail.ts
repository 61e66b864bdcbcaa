import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openPlayer, type Player } from '../play-seeds.ts'
import type { Guard } from './guard.ts'

/** A guard that no seed of these needs is not shown to be one. */
const MOST_SEEDS = 60

/** One test for each guard: without it some seed fails, and for the reason the guard is there for. */
export const seeItFail = (guards: Guard[]): void => {
  let player: Player

  beforeAll(async () => {
    const { adminUrl, template } = inject('database')
    player = await openPlayer(adminUrl, template)
  })
  afterAll(() => player.close())

  test.each(guards)(
    'without it the simulation fails: $name',
    async ({ tampering, sees, change }) => {
      for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
        const { violation } = await player.play(seed, change, tampering)
        if (violation === null) continue
        expect(violation).toMatch(sees)
        return
      }
      expect.fail(`${MOST_SEEDS} seeds hold without this guard`)
    },
  )
}

import { expect, inject, test } from 'vitest'
import { openPlayer } from './play-seeds.ts'

const SEEDS = [3, 8, 14, 21, 27]

/** In a database and a session of its own, as `npm run sim -- --seed S` plays it. */
const playAlone = async (seed: number): Promise<string[]> => {
  const { adminUrl, template } = inject('database')
  const player = await openPlayer(adminUrl, template)
  const { trace } = await player.play(seed)
  await player.close()
  return trace
}

test('a seed played alone writes the trace it wrote among others', async () => {
  const { adminUrl, template } = inject('database')
  const player = await openPlayer(adminUrl, template)
  const together = new Map<number, string[]>()
  for (const seed of SEEDS) together.set(seed, (await player.play(seed)).trace)
  await player.close()

  for (const seed of [...SEEDS].reverse()) {
    expect(await playAlone(seed), `seed ${seed}`).toEqual(together.get(seed))
  }
})

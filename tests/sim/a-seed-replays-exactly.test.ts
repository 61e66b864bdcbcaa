import { expect, inject, test } from 'vitest'
import { openPlayer, type Player } from './play-seeds.ts'

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

test('a seed plays the same whether the database keeps the plans of its functions or not', async () => {
  const { adminUrl, template } = inject('database')
  const [kept, asMigrated] = await Promise.all(
    [true, false].map((keepsPlans) => openPlayer(adminUrl, template, { keepsPlans })),
  )
  for (const seed of SEEDS) {
    const { trace } = await (asMigrated as Player).play(seed)
    expect((await (kept as Player).play(seed)).trace, `seed ${seed}`).toEqual(trace)
  }
  await Promise.all([kept?.close(), asMigrated?.close()])
})

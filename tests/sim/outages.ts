import type { World } from './world.ts'

/** When the database cannot be reached by anybody. */
export const planOutages = (world: World): (() => boolean) => {
  const { plan, scheduler } = world
  const outages = world.random.fork('outages')
  const outs = Array.from({ length: plan.database.outages }, () => {
    const from = outages.between(0, plan.stormMs)
    return { from, to: from + outages.between(500, 40_000) }
  })
  return () =>
    world.isStormy() && outs.some(({ from, to }) => scheduler.now() >= from && scheduler.now() < to)
}

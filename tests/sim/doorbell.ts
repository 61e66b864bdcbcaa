import type { Snapshot } from './database/snapshot.ts'
import { type Isolate, startIsolate, type Wires } from './isolate.ts'
import type { World } from './world.ts'

/** The platform sends nothing new to an isolate after half of its life. */
const TAKES_CALLS_MS = 200_000
const MOST_ISOLATES = 4
const TICK_MS = 2_000

/** pg_cron, pg_net and the platform's isolates: what wakes what, and what of it gets lost. */
export const createDoorbell = (world: World, wires: Wires, isOut: () => boolean) => {
  const { scheduler, trace, plan } = world
  const random = world.random.fork('doorbell')
  const isolates: Isolate[] = []
  let born = 0

  const answer = () => {
    const running = isolates.filter((isolate) => isolate.isRunning())
    const open = running.filter(
      (isolate) => !isolate.isFrozen() && scheduler.now() - isolate.bornAt < TAKES_CALLS_MS,
    )
    const isFull = running.length >= MOST_ISOLATES
    const reused = open.length > 0 && (isFull || random.chance(0.6)) ? random.pick(open) : null
    if (reused) return reused.ring()
    if (isFull && world.isStormy()) return
    born += 1
    const isolate = startIsolate(world, wires, `worker${born}`)
    isolates.push(isolate)
    isolate.ring()
  }

  /** Delivers, or loses, what a committed step rang. */
  const rung = (before: Snapshot, after: Snapshot) => {
    for (let ring = before.rings; ring < after.rings; ring += 1) {
      if (world.isStormy() && random.chance(plan.bell.lost)) {
        trace.add(scheduler.now(), 'bell', 'a ring gets lost')
        continue
      }
      scheduler.after(random.between(1, 40), answer)
    }
  }

  const tick = async (): Promise<void> => {
    if (isOut()) return
    const answered = await world.call({
      schema: 'private',
      fn: 'tick',
      args: {},
      caller: { role: 'postgres' },
    })
    if ('error' in answered) world.fail(`the tick failed: ${answered.error.message}`)
    const { governs } = plan.people
    if (!governs && !world.state().isWatched) return
    await world.call({
      schema: 'private',
      fn: 'limits_tick',
      args: {},
      caller: { role: 'postgres' },
    })
  }
  const beat = (): void => {
    if (!world.isStormy()) return
    const late = random.chance(plan.bell.lateTick) ? random.between(2_000, 20_000) : 0
    scheduler.after(TICK_MS + late, async () => {
      await tick()
      beat()
    })
  }
  return { rung, tick, beat, isolates: () => isolates }
}

export type Doorbell = ReturnType<typeof createDoorbell>

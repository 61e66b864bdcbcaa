import type { Snapshot } from './database/snapshot.ts'
import { type Isolate, type Slug, startIsolate, type Wires } from './isolate.ts'
import { createUploader } from './uploader.ts'
import type { World } from './world.ts'

/** The platform sends nothing new to an isolate after half of its life. */
const TAKES_CALLS_MS = 200_000
/** Of one function. */
const MOST_ISOLATES = 4
const NAMES: Record<Slug, string> = { publish: 'worker', deliver: 'postman' }
const TICK_MS = 2_000

/** pg_cron, pg_net and the platform's isolates: what wakes what, and what of it gets lost. */
export const createDoorbell = (world: World, wires: Wires, isOut: () => boolean) => {
  const { scheduler, trace, plan } = world
  const random = world.random.fork('doorbell')
  const isolates: Record<Slug, Isolate[]> = { publish: [], deliver: [] }

  const answer = (slug: Slug) => {
    const running = isolates[slug].filter((isolate) => isolate.isRunning())
    const open = running.filter(
      (isolate) =>
        !isolate.isFrozen() &&
        !isolate.isEnding() &&
        scheduler.now() - isolate.bornAt < TAKES_CALLS_MS,
    )
    const isFull = running.length >= MOST_ISOLATES
    const reused = open.length > 0 && (isFull || random.chance(0.6)) ? random.pick(open) : null
    if (reused) return reused.ring()
    if (isFull && world.isStormy()) return
    const name = `${NAMES[slug]}${isolates[slug].length + 1}`
    const isolate = startIsolate(world, wires, slug, name)
    isolates[slug].push(isolate)
    isolate.ring()
  }

  /** Delivers, or loses, what a committed step rang. */
  const rung = (before: Snapshot, after: Snapshot) => {
    if (before.rings === after.rings) return
    for (const slug of ['publish', 'deliver'] as const) {
      for (let ring = before.rings[slug] ?? 0; ring < (after.rings[slug] ?? 0); ring += 1) {
        if (world.isStormy() && random.chance(plan.bell.lost)) {
          trace.add(scheduler.now(), 'bell', `a ring of ${slug} gets lost`)
          continue
        }
        scheduler.after(random.between(1, 40), () => answer(slug))
      }
    }
  }

  const upload = createUploader(world, isOut)
  const run = async (fn: string): Promise<void> => {
    const caller = { role: 'postgres' } as const
    const answered = await world.call({ schema: 'private', fn, args: {}, caller })
    if ('error' in answered) world.fail(`${fn} failed: ${answered.error.message}`)
  }
  const tick = async (): Promise<void> => {
    if (isOut()) return
    await run('tick')
    await upload()
    if (plan.people.governs || world.state().isWatched) await run('limits_tick')
    if (plan.webhooks.endpoints > 0) await run('deliver_tick')
  }
  const beat = (): void => {
    if (!world.isStormy()) return
    const late = random.chance(plan.bell.lateTick) ? random.between(2_000, 20_000) : 0
    scheduler.after(TICK_MS + late, async () => {
      await tick()
      beat()
    })
  }
  return { rung, tick, beat }
}

export type Doorbell = ReturnType<typeof createDoorbell>

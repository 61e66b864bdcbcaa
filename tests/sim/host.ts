import type { Deps } from '../../shared/deps.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** How what an isolate waits for comes back to it, if it does. */
export type Host = {
  name: string
  random: Random
  isDead(): boolean
  /** Runs `then` in the isolate at that time: later when it is frozen, never when it is dead. */
  resume(when: number, label: string, then: () => void): void
  crash(why: string): void
}

export const createHost = (world: World, name: string, random: Random) => {
  const { scheduler, trace, plan } = world
  const { crash, freeze, suspends, wallJump, wallMayGoBack } = plan.isolate
  let dead = false
  let frozenUntil = 0
  let suspendedMs = 0
  let wallOffset = 0
  let held: { label: string; run: () => void }[] = []
  const say = (what: string) => trace.add(scheduler.now(), name, what)

  const end = (why: string) => {
    if (dead) return
    dead = true
    held = []
    say(`dies: ${why}`)
  }
  const thaw = () => {
    if (dead) return
    say('wakes')
    const all = random.shuffled(held)
    held = []
    all.forEach(({ run }, index) => {
      scheduler.after(index * 0.01, () => {
        if (!dead) run()
      })
    })
  }
  const stop = () => {
    const ms = random.pick([800, 5_000, 21_000, 45_000, 150_000, 395_000])
    frozenUntil = scheduler.now() + ms
    const sleeps = suspends && random.chance(0.5)
    if (sleeps) suspendedMs += ms
    say(`${sleeps ? 'is suspended' : 'freezes'} for ${ms / 1000} s`)
    scheduler.at(frozenUntil, thaw)
  }
  const jump = () => {
    const ms =
      random.pick([30_000, 600_000, 10_800_000]) * (wallMayGoBack && random.chance(0.5) ? -1 : 1)
    wallOffset += ms
    say(`wall clock jumps by ${ms / 1000} s`)
  }
  const resume: Host['resume'] = (when, label, then) =>
    scheduler.at(when, () => {
      if (dead) return
      const stormy = world.isStormy()
      if (stormy && scheduler.now() >= frozenUntil && random.chance(freeze)) stop()
      if (scheduler.now() < frozenUntil) {
        held.push({ label, run: then })
        return
      }
      if (stormy && random.chance(crash)) {
        end(`killed before ${label}`)
        return
      }
      if (stormy && random.chance(wallJump)) jump()
      then()
    })
  return {
    host: { name, random, isDead: () => dead, resume, crash: end } satisfies Host,
    isFrozen: () => scheduler.now() < frozenUntil,
    monotonic: () => scheduler.now() - suspendedMs,
    wall: () => new Date(Math.floor(world.time() + wallOffset)),
  }
}

export const createSleep =
  (world: World, host: Host): Deps['sleep'] =>
  (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      const stall = host.random.chance(0.03) ? world.plan.isolate.stallMs : 0.5
      const late = world.isStormy() ? host.random.between(0, stall) : 0
      host.resume(world.scheduler.now() + Math.max(ms, 1) + late, 'a timer', resolve)
    })

export const createEvery =
  (world: World, host: Host): Deps['every'] =>
  (ms, run) => {
    let isOver = false
    const next = () =>
      host.resume(world.scheduler.now() + ms, 'a beat', () => {
        if (isOver) return
        run()
        next()
      })
    next()
    return () => {
      isOver = true
    }
  }

export const createDeadline =
  (world: World, host: Host): Deps['deadline'] =>
  (ms) => {
    const controller = new AbortController()
    host.resume(world.scheduler.now() + ms, 'a deadline', () =>
      controller.abort(new DOMException('The operation timed out.', 'TimeoutError')),
    )
    return controller.signal
  }

import { quiesce } from './quiesce.ts'
import type { Random } from './random.ts'

/** Virtual time and what happens in it. Milliseconds since the start of the seed. */
export type Scheduler = {
  now(): number
  /** What falls on one moment comes in an order of the seed's choosing. */
  at(when: number, what: () => void | Promise<void>): void
  after(ms: number, what: () => void | Promise<void>): void
  /** Plays events until `isOver` says so or nothing is left; false when nothing was left. */
  play(isOver: () => boolean): Promise<boolean>
}

type Event = { when: number; order: number; what: () => void | Promise<void> }

/** A microsecond: no two events fall on one moment of the database's clock. */
const TICK = 0.001

const isBefore = (one: Event, other: Event) =>
  one.when < other.when || (one.when === other.when && one.order < other.order)

export const createScheduler = (random: Random): Scheduler => {
  const events: Event[] = []
  let now = 0

  const insert = (event: Event) => {
    let low = 0
    let high = events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(events[middle] as Event, event)) low = middle + 1
      else high = middle
    }
    events.splice(low, 0, event)
  }
  const at: Scheduler['at'] = (when, what) =>
    insert({ when: Math.max(when, now), order: random.next(), what })

  return {
    now: () => now,
    at,
    after: (ms, what) => at(now + Math.max(ms, 0), what),
    play: async (isOver) => {
      while (!isOver()) {
        const event = events.shift()
        if (!event) return false
        now = Math.max(event.when, now + TICK)
        await event.what()
        await quiesce()
      }
      return true
    },
  }
}

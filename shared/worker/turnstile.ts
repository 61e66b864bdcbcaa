import type { Deps } from '../deps.ts'

/** Runs work once there is room for it, in the order of the calls. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>

type Options = {
  /** How much is under way at once in the beginning. */
  first: number
  most: number
  /** About as long the first in the queue waits; then twice as much may be under way. */
  patienceMs: number
}

/**
 * Keeps few requests under way while answers come quickly, because each needs a connection of its own,
 * and more and more while they come slowly, so that whoever hangs holds up nobody for long.
 */
export const createTurnstile = (
  { sleep }: Pick<Deps, 'sleep'>,
  { first, most, patienceMs }: Options,
): Turnstile => {
  const queue: (() => void)[] = []
  let room = first
  let busy = 0
  let isWatched = false

  const admit = () => {
    while (busy < room) {
      const enter = queue.shift()
      if (!enter) return
      busy += 1
      enter()
    }
  }
  const watch = async () => {
    isWatched = true
    while (queue.length > 0 && room < most) {
      const [head] = queue
      await sleep(patienceMs)
      if (queue[0] !== head) continue
      room = Math.min(room * 2, most)
      admit()
    }
    isWatched = false
  }
  const enter = () =>
    new Promise<void>((resolve) => {
      queue.push(resolve)
      admit()
      if (queue.length > 0 && !isWatched) void watch()
    })

  return async (work) => {
    await enter()
    try {
      return await work()
    } finally {
      busy -= 1
      admit()
    }
  }
}

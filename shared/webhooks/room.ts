/** Attempts under way, oldest first, with the monotonic milliseconds they began at. */
export type Active = Map<Promise<void>, number>

/** Attempts one worker makes at a time. */
const CAPACITY = 400
/** An attempt that takes longer only waits, and gives its place to another … */
const SLOW_MS = 2_000
/** … as long as the memory of a worker allows. */
const CEILING = 2_500

/** Attempts that are not slow. */
export const quickAmong = (active: Active, now: number): number => {
  let slow = 0
  for (const startedAt of active.values()) {
    if (startedAt > now - SLOW_MS) break
    slow += 1
  }
  return active.size - slow
}

/** How many attempts may begin now: endpoints that hang hold up nobody else. */
export const roomBeside = (active: Active, now: number): number =>
  Math.min(CAPACITY - quickAmong(active, now), CEILING - active.size)

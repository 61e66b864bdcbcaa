import type { Deps } from '../deps.ts'

/** Lets a loop sleep until somebody rings or a time is over. A ring while it is awake is kept. */
export type Bell = { ring(): void; wait(ms: number): Promise<void> }

export const createBell = (deps: Pick<Deps, 'sleep'>): Bell => {
  let rung = false
  let wake = () => {}

  return {
    ring: () => {
      rung = true
      wake()
    },
    wait: async (ms) => {
      if (!rung) {
        const stopwatch = new AbortController()
        wake = () => stopwatch.abort()
        await deps.sleep(ms, stopwatch.signal).catch(() => {})
        wake = () => {}
      }
      rung = false
    },
  }
}

import { knowsThreads } from './cpu-time.ts'
import type { FunctionWorker } from './function-worker.ts'
import type { Limits } from './limits.ts'

export type Limited = ReturnType<typeof enforceLimits>

/** At this share of a limit a worker gets `beforeunload`: Edge Runtime's own default. */
const ANNOUNCED_AT = 0.9
/** How often CPU is looked at, where that of an isolate is known: on a Mac it is not. The last tenth takes 200 ms. */
const CPU_CHECK_MS = 50

/** Tells a worker when a limit comes near, and kills it at the limit, as the platform does. */
export const enforceLimits = (
  worker: FunctionWorker,
  { limits, log }: { limits: Limits; log: (line: string) => void },
) => {
  let isAnnounced = false
  let isOverrun = false

  const announce = (reason: 'cpu' | 'wall_clock') => {
    if (!isAnnounced) worker.announceEnd(reason)
    isAnnounced = true
  }
  const overrun = (limit: string) => {
    isOverrun = true
    log(`[${worker.slug}] ${limit} limit reached, worker ${worker.pid} killed`)
    worker.kill()
  }
  const checkCpu = () => {
    if (isOverrun || !knowsThreads) return
    const cpuMs = worker.cpuMs()
    // A stack that was busy itself looks late: the worker is told all the same before it is killed.
    if (cpuMs >= limits.cpuMs && isAnnounced) overrun('CPU')
    else if (cpuMs >= limits.cpuMs * ANNOUNCED_AT) announce('cpu')
  }
  const timers = [
    setTimeout(() => announce('wall_clock'), limits.wallClockMs * ANNOUNCED_AT),
    setTimeout(() => overrun('wall clock'), limits.wallClockMs),
    setInterval(checkCpu, CPU_CHECK_MS).unref(),
  ]
  worker.exited.then(() => {
    for (const timer of timers) clearTimeout(timer)
  })
  return { announce, isOverrun: () => isOverrun }
}

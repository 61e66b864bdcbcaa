import type { Rpc } from '../db/rpc.ts'
import { cpuLeftMs } from '../worker/life.ts'

/** An isolate over all its runs: CPU it has spent, and attempts it has claimed but not yet made. */
export type Isolate = { startedAt: number; cpuMs: number; planned: number }

/**
 * As bench:publish saw it in a spike, JIT counted in: 0.28 to 0.45, and twice that where others wanted the
 * cores, too. The platform's limit is twice ours, and an isolate that it kills leaves posts in doubt.
 */
const CPU_MS_PER_ATTEMPT = 0.5
/** A call of the database: few in a spike, two for each post where posts come one by one. */
const CPU_MS_PER_CALL = 2.5
const BOOT_CPU_MS = 150
/**
 * Whoever rings an isolate believes that it has CPU left; so much of it a run may count on. Little, since
 * rings end only when the platform sees that half of it is spent.
 */
const RUN_CPU_MS = 150
/**
 * What may be planned beyond half of the CPU: about what a successor takes to boot. Lanes are claimed five
 * seconds ahead and cost nothing until their instant, so rings alone would pile up more than two lives are good for.
 */
const MOST_OVER_MS = 300
/** More would hold a lane's later posts back from other workers while this one is busy. */
const MAX_PER_LANE = 5

/** `aheadMs`: how long before their instant lanes may be claimed. */
export type Share = { lanes: number; perLane: number; aheadMs: number }

/** What is claimed earlier than its instant can be sent at it. */
const AHEAD_MS = 5_000

/** An isolate that has just booted, at a time of its monotonic clock. */
export const freshIsolate = (startedAt: number): Isolate => ({
  startedAt,
  cpuMs: BOOT_CPU_MS,
  planned: 0,
})

/** Calls of the database as before, each charged to the CPU of the isolate. */
export const chargeCalls =
  (isolate: Isolate, service: Rpc): Rpc =>
  <T>(fn: string, args?: Record<string, unknown>) => {
    isolate.cpuMs += CPU_MS_PER_CALL
    return service<T>(fn, args)
  }

/** CPU as it will be when all that is claimed has been sent. */
export const plannedCpuMs = ({ cpuMs, planned }: Isolate): number =>
  cpuMs + planned * CPU_MS_PER_ATTEMPT

/**
 * How much an isolate may claim for `room` lanes: what its CPU is still good for, spread over as
 * many lanes as there is room for. A run's first claim is never nothing; where too much is planned already, it
 * takes only what is due.
 */
export const shareOf = (isolate: Isolate, room: number, isFirst: boolean): Share => {
  const left = cpuLeftMs({ cpuMs: plannedCpuMs(isolate) })
  const attempts = Math.floor(Math.max(left, isFirst ? RUN_CPU_MS : 0) / CPU_MS_PER_ATTEMPT)
  const perLane = Math.min(Math.max(Math.floor(attempts / room), 1), MAX_PER_LANE)
  const lanes = Math.min(room, Math.max(Math.floor(attempts / perLane), 1))
  return { lanes, perLane, aheadMs: isOverPlanned(isolate) ? 0 : AHEAD_MS }
}

/** Whether more is planned than half of the CPU is good for, and most of that has not begun. */
export const isOverPlanned = (isolate: Isolate): boolean =>
  cpuLeftMs({ cpuMs: plannedCpuMs(isolate) }) === 0 &&
  isolate.planned * CPU_MS_PER_ATTEMPT > MOST_OVER_MS

/** Plans a lane's jobs. Call `spend` as each attempt begins, and `finish` when the lane is done. */
export const planLane = (isolate: Isolate, jobs: number) => {
  let left = jobs
  isolate.planned += jobs
  return {
    spend: () => {
      isolate.cpuMs += CPU_MS_PER_ATTEMPT
      if (left === 0) return
      left -= 1
      isolate.planned -= 1
    },
    finish: () => {
      isolate.planned -= left
      left = 0
    },
  }
}

import type { Deps } from '../deps.ts'

/** What an isolate has spent over all its runs, and whether the run under way may spend more. */
export type Spending = {
  /** A run of its own is granted some, whatever was spent before: whoever rang counts on that. */
  startRun(): void
  /** Counts a chunk of so many bytes that is about to be carried. */
  carry(bytes: number): void
  mayGoOn(): boolean
}

/** Aimed at; seen on Deno 2.1 without TLS: see `npm run bench:media`. */
const CPU_MS_PER_MEGABYTE = 8
const CPU_MS_PER_CHUNK = 2
/** Half of what the platform allows an isolate. */
const LIMIT = { ageMs: 75_000, cpuMs: 1_000 }
const RUN = { ageMs: 30_000, cpuMs: 300 }

/** Edge Runtime does not tell an isolate its CPU, so it is estimated. */
export const createSpending = (deps: Pick<Deps, 'monotonic' | 'ending'>): Spending => {
  const startedAt = deps.monotonic()
  let cpuMs = 0
  let run = { startedAt, cpuMs: 0 }
  return {
    startRun: () => {
      run = { startedAt: deps.monotonic(), cpuMs }
    },
    carry: (bytes) => {
      cpuMs += CPU_MS_PER_CHUNK + (CPU_MS_PER_MEGABYTE * bytes) / 1_048_576
    },
    mayGoOn: () => {
      const now = deps.monotonic()
      const hasTime = now - startedAt < LIMIT.ageMs || now - run.startedAt < RUN.ageMs
      return (
        !deps.ending.aborted && hasTime && (cpuMs < LIMIT.cpuMs || cpuMs - run.cpuMs < RUN.cpuMs)
      )
    },
  }
}

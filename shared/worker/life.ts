/**
 * How long a worker may go on taking work. The platform ends a worker at 2 s of CPU, counted over
 * all its requests, and at 150 or 400 s of wall clock; it refuses new requests after half of it.
 */
export type Life = {
  /** Monotonic milliseconds since the worker began, now. */
  ageMs: number
  /** CPU spent so far, estimated: Edge Runtime does not tell a worker its own. */
  cpuMs: number
  /** Whether the platform has announced the end: an estimate may be wrong. */
  isEnding: boolean
}

const LIMITS = { ageMs: 75_000, cpuMs: 1_000 }

/** Whether the worker may take a full batch. Half of the shorter life and half of the CPU. */
export const mayTakeMore = ({ ageMs, cpuMs, isEnding }: Life): boolean =>
  !isEnding && ageMs < LIMITS.ageMs && cpuMs < LIMITS.cpuMs

/** CPU the worker may still plan work for, milliseconds. */
export const cpuLeftMs = ({ cpuMs }: Pick<Life, 'cpuMs'>): number =>
  Math.max(LIMITS.cpuMs - cpuMs, 0)

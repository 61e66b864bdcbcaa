export type Limits = {
  /** A worker's whole life; after half of it new requests go to a fresh worker. */
  wallClockMs: number
  /** Longest wait for the first byte of a response. */
  idleMs: number
  /** CPU of a worker's isolate over all its requests; after half of it new requests go to a fresh worker. */
  cpuMs: number
}

/** The platform's limits on a paid plan. */
export const PLATFORM_LIMITS: Limits = {
  wallClockMs: 400_000,
  idleMs: 150_000,
  cpuMs: 2_000,
}

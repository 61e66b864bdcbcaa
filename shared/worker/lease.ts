import type { Deps } from '../deps.ts'

/** Something that is ours for a while, as the database granted it. */
export type Lease = { leftMs(): number }

/**
 * Counts from now on; call it before asking for the lease, and its answer with the length granted.
 * Two clocks count, and the faster one decides: one stands still while a machine is suspended, the
 * other may be set back.
 */
export const startLease = (deps: Pick<Deps, 'monotonic' | 'now'>) => {
  const monotonic = deps.monotonic()
  const wall = deps.now().getTime()
  const elapsedMs = () => Math.max(deps.monotonic() - monotonic, deps.now().getTime() - wall)
  return (lengthMs: number): Lease => ({ leftMs: () => lengthMs - elapsedMs() })
}

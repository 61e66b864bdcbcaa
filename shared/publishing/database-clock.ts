/** The database's time, read from a local clock that never jumps. */
export type DatabaseClock = {
  /** The database's time now, never ahead of it. */
  now(): Date
  /** Milliseconds until the database's time is `instant`; negative when it has passed. */
  untilMs(instant: Date): number
}

/**
 * Anchors the database's answer to the moment it arrived. The true time is then up to one round
 * trip later, so a post can be that much late but never early.
 */
export const anchorClock = (
  databaseNow: Date,
  arrivedAt: number,
  monotonic: () => number,
): DatabaseClock => {
  const now = () => new Date(databaseNow.getTime() + (monotonic() - arrivedAt))
  return { now, untilMs: (instant) => instant.getTime() - now().getTime() }
}

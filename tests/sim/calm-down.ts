import type { Doorbell } from './doorbell.ts'
import type { World } from './world.ts'

/** How long after the storm everything has to have come right. */
const CALM_MS = 2 * 3_600_000

/** Ticks whenever something is due, as cron would at the latest, until nothing moves any more. */
export const calmDown = async (
  world: World,
  bell: Pick<Doorbell, 'tick'>,
  isOver: () => boolean,
) => {
  const { scheduler } = world
  const end = scheduler.now() + CALM_MS
  for (;;) {
    const state = world.state()
    const now = world.time()
    const moments = [
      ...state.live.map(({ look, deadline }) => look ?? deadline),
      ...state.lanes.map(({ ready, claim, lease }) => (claim ? (lease ?? now) : ready)),
      ...state.jobs.map(({ stale }) => stale),
      ...state.duties,
    ].filter(Number.isFinite)
    const next = Math.min(Math.max(Math.min(...moments), now) - now, Number.MAX_SAFE_INTEGER)
    if (moments.length === 0 || scheduler.now() + next > end) break
    const until = scheduler.now() + Math.max(next, 2_000)
    scheduler.at(until, bell.tick)
    await scheduler.play(() => isOver() || scheduler.now() >= until)
    if (isOver()) return
  }
  // What isolates still do ends by itself.
  const last = scheduler.now() + 60_000
  scheduler.at(last, bell.tick)
  await scheduler.play(() => isOver() || scheduler.now() >= last)
}

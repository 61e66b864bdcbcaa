import type { Snapshot } from './database/snapshot.ts'
import type { Doorbell } from './doorbell.ts'
import type { World } from './world.ts'

/** How long after the storm everything has to have come right. */
const CALM_MS = 2 * 3_600_000
/** Until the deliveries of a receiver that is dead are given up. */
const LADDER_MS = 90 * 3_600_000
const TICK_MS = 2_000
/** Later ticks come slower. What is due and not done after a worker's longest life is left to the judge. */
const SLOW_TICK_MS = 10_000
const MOST_OVERDUE_TICKS = 55
const LAST_TICK_MS = 60_000
/** What comes due at the very end is done like everything before it. */
const GRACE_MS = 600_000

/** When something is to be done next, or has been due for a while. */
const momentsOf = (state: Snapshot): number[] => {
  const drains = (endpoint: string) =>
    state.hooks.some((hook) => hook.endpoint === endpoint && hook.drains)
  return [
    ...state.live.map(({ look, deadline }) => look ?? deadline),
    ...state.lanes.map(({ ready, claim, lease }) => (claim ? (lease ?? 0) : ready)),
    ...state.jobs.map(({ stale }) => stale),
    ...state.duties,
    ...state.uploads.map(({ due }) => due),
    ...state.hooks.filter(({ drains }) => !drains).map(({ ready }) => ready),
    ...state.errands.filter(({ endpoint }) => drains(endpoint)).map(({ run }) => run),
  ].filter(Number.isFinite)
}

/** Ticks whenever something is due, as cron would at the latest, until nothing moves any more. */
export const calmDown = async (
  world: World,
  bell: Pick<Doorbell, 'tick'>,
  isOver: () => boolean,
): Promise<void> => {
  const { scheduler } = world
  const { endpoints, isDead } = world.plan.webhooks
  const end = scheduler.now() + (endpoints > 0 && isDead ? LADDER_MS : CALM_MS)
  const tickAt = async (when: number) => {
    scheduler.at(when, bell.tick)
    await scheduler.play(() => isOver() || scheduler.now() >= when)
  }
  let before = ''
  let isQuiet = false
  for (let overdue = 0; !isOver(); ) {
    const moments = momentsOf(world.state())
    const due = moments.filter((moment) => moment <= world.time()).join()
    overdue = due !== '' && due === before ? overdue + 1 : 0
    before = due
    const waits = due !== '' && overdue <= MOST_OVERDUE_TICKS
    const next = waits
      ? 0
      : Math.min(...moments.filter((moment) => moment > world.time())) - world.time()
    if (scheduler.now() + next <= (waits ? end + GRACE_MS : end)) {
      isQuiet = false
      await tickAt(scheduler.now() + Math.max(next, overdue > 10 ? SLOW_TICK_MS : TICK_MS))
    } else if (!isQuiet) {
      // What isolates still do ends by itself, and may leave something that is due.
      isQuiet = true
      await tickAt(scheduler.now() + LAST_TICK_MS)
    } else break
  }
}

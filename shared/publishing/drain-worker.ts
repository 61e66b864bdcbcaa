import type { Deps } from '../deps.ts'
import type { Crew } from '../worker/crew.ts'
import { logFailure } from '../worker/log-failure.ts'

/**
 * Brings what is under way to its end. Successors are rung at once, when half of the lanes are
 * free again, and at the end: lanes come back with posts that nobody else was told of.
 */
export const drainWorker = async (
  deps: Pick<Deps, 'service' | 'log'>,
  workerId: string,
  crew: Crew,
): Promise<void> => {
  for (const busy of [Number.POSITIVE_INFINITY, Math.ceil(crew.size() / 2), 1]) {
    await crew.below(busy)
    const isDone = crew.size() === 0
    await leave(deps, workerId, isDone).catch(logFailure(deps, 'leaving failed'))
    if (isDone) return
  }
}

/** Counts no longer among the workers; a successor takes what is still to be sent. */
const leave = async (
  deps: Pick<Deps, 'service'>,
  workerId: string,
  isDone: boolean,
): Promise<void> => {
  const args = { p_worker_id: workerId, p_is_done: isDone }
  const missing = await deps.service<number>('leave_worker', args)
  if (missing > 0) await deps.service('ring_publish')
}

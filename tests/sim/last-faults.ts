import type { Session } from './database/session.ts'
import type { Snapshot } from './database/snapshot.ts'
import { deliveriesWaitForATime } from './invariants/attempts-keep-time.ts'
import { nobodyWaitsInSilence } from './invariants/nobody-waits-in-silence.ts'
import type { World } from './world.ts'

/** Steps read what was written. Whether they missed anything shows in a state that is read whole. */
const overlooked = async (session: Session, state: Snapshot): Promise<string[]> => {
  const seen = new Map(Object.entries(state))
  return Object.entries(await session.look())
    .filter(([part, now]) => JSON.stringify(now) !== JSON.stringify(seen.get(part)))
    .map(([part]) => `the simulation did not see ${part} change`)
}

/** What is wrong once nothing moves any more. */
export const lastFaults = async (world: World): Promise<string[]> => {
  const [state, now] = [world.state(), world.time()]
  return [
    ...nobodyWaitsInSilence(state, now),
    ...(world.plan.webhooks.endpoints > 0 ? deliveriesWaitForATime(state, now) : []),
    ...(await overlooked(world.session, state)),
  ]
}

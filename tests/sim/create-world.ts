import { ACCOUNTS } from './database/fixture.ts'
import type { SimDatabase } from './database/prepare.ts'
import type { Session } from './database/session.ts'
import type { Snapshot } from './database/snapshot.ts'
import type { Plan } from './plan.ts'
import { createRandom } from './random.ts'
import { createScheduler } from './scheduler.ts'
import { createTrace } from './trace.ts'
import { Violation, type World } from './world.ts'

/** A world in which nothing has happened yet; `state` and `call` come with its beginning. */
export const createWorld = (seed: number, plan: Plan, database: SimDatabase, session: Session) => {
  const random = createRandom(seed)
  const scheduler = createScheduler(random.fork('scheduler'))
  const trace = createTrace()
  const names = new Map([...ACCOUNTS, ...database.endpoints].map(({ id, name }) => [id, name]))
  const world: World = {
    seed,
    plan,
    random,
    scheduler,
    trace,
    session,
    time: () => database.start + scheduler.now(),
    isStormy: () => scheduler.now() < plan.stormMs,
    state: () => ({}) as Snapshot,
    look: () => Promise.resolve(),
    call: () => Promise.reject(new Error('The world has not begun')),
    name: (id) => {
      const known = names.get(id)
      if (known) return known
      const name = `id${names.size}`
      names.set(id, name)
      return name
    },
    fail: (what) => {
      throw new Violation(what)
    },
  }
  return world
}

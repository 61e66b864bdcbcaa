import type { SimPerson } from './database/fixture.ts'
import { createActs } from './people/acts.ts'
import type { World } from './world.ts'

/**
 * The database wakes up as one that was restored or promoted: its own mark of who it is does not fit any
 * more. An operator ends the hold a while later, or nobody does.
 */
export const beginHolds = (world: World, people: SimPerson[], isOut: () => boolean): void => {
  const { plan, scheduler, session, trace } = world
  const random = world.random.fork('holds')
  const { operate } = createActs(world, people, isOut)
  for (let hold = 0; hold < plan.holds; hold += 1) {
    scheduler.after(random.between(0, plan.stormMs * 0.7), async () => {
      trace.add(scheduler.now(), 'world', 'the database is another one than it was')
      await session.query(
        'update private.incarnation set system_identifier = system_identifier # 1',
      )
      await world.look()
    })
    if (random.chance(0.7)) {
      scheduler.after(random.between(plan.stormMs * 0.7, plan.stormMs), () =>
        operate('resume_publishing', {}).then(() => {}),
      )
    }
  }
}

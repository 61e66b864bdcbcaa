import { prepareSimDatabase } from './database/prepare.ts'
import { openSession } from './database/session.ts'
import { planOf } from './draw-plan.ts'
import type { Plan } from './plan.ts'
import { watchCrypto } from './quiesce.ts'
import { type Outcome, runSeed, type Tampering } from './run-seed.ts'

export type Player = {
  play(seed: number, change?: (plan: Plan) => Plan, tampering?: Tampering): Promise<Outcome>
  close(): Promise<void>
}

/** A database of the simulation's own on a server that has a migrated template, and a way to play seeds on it. */
export const openPlayer = async (
  adminUrl: string,
  template: string,
  options?: { keepsPlans: boolean },
): Promise<Player> => {
  watchCrypto()
  const database = await prepareSimDatabase(adminUrl, template, options)
  const session = await openSession(database.url)
  return {
    play: (seed, change, tampering) =>
      runSeed(seed, planOf(seed, change), database, session, tampering),
    close: async () => {
      await session.close()
      await database.drop()
    },
  }
}

/** What a failed seed needs to be understood: what was broken, its last moments, and how to see the rest. */
export const explain = ({ seed, violation, trace }: Outcome): string =>
  [
    `seed ${seed}: ${violation}`,
    `  the last of ${trace.length} lines; all of them: npm run sim -- --seed ${seed}`,
    ...trace.slice(-40).map((line) => `  ${line}`),
  ].join('\n')

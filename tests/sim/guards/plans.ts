import type { Plan } from '../plan.ts'

/** Workers die and freeze, half of what X is asked goes wrong. */
export const rough = (plan: Plan): Plan => ({
  ...plan,
  stormMs: 60_000,
  isolate: { ...plan.isolate, crash: 0.03, freeze: 0.03, crashAtCommit: 0.05 },
  database: { ...plan.database, lostAfter: 0.1 },
  x: {
    ...plan.x,
    fault: 0.5,
    hasMoods: false,
    isWild: false,
    refusesDuplicates: true,
    longestCarryMs: 19_000,
  },
})

/** One account with a lot to say while X is slow, so that its posts wait for each other. */
export const busy = (plan: Plan): Plan => {
  const changed = rough(plan)
  return {
    ...changed,
    accounts: 1,
    posts: 14,
    stormMs: 25_000,
    people: { actions: 20, governs: false },
    isolate: { ...changed.isolate, crash: 0, crashAtCommit: 0 },
  }
}

/** People who change their minds all the time, while workers wait for their posts. */
export const restless = (plan: Plan): Plan => ({
  ...plan,
  accounts: 2,
  posts: 8,
  stormMs: 30_000,
  people: { actions: 25, governs: true },
})

/** A crowd of posts for two accounts, moved and edited all the time shortly before they go out. */
export const crowded = (plan: Plan): Plan => ({
  ...restless(plan),
  posts: 16,
  threads: 0,
  stormMs: 20_000,
  people: { actions: 80, governs: false },
})

/** X takes little, says nothing of it, and shows at once what it took. */
export const silent = (plan: Plan): Plan => {
  const changed = rough(plan)
  return {
    ...changed,
    workspaces: plan.workspaces.map(() => ({ resend: true })),
    x: { ...changed.x, fault: 0.7, timelineLagMs: 0, readFault: 0 },
  }
}

/** Many posts at once on several accounts, and nobody who meddles. */
export const crowd = (plan: Plan): Plan => {
  const changed = busy(plan)
  return {
    ...changed,
    accounts: 4,
    posts: 30,
    threads: 0,
    people: { actions: 0, governs: false },
    webhooks: { ...plan.webhooks, endpoints: 0 },
    x: { ...changed.x, fault: 0 },
  }
}

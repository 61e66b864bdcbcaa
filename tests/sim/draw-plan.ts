import type { Plan } from './plan.ts'
import { createRandom, type Random } from './random.ts'

const maybe = (random: Random, probability: number, value: () => number) =>
  random.chance(probability) ? value() : 0

/** Days of what is tried again and again are long enough with a few deliveries. */
const withFewEvents = (plan: Plan): Plan =>
  plan.webhooks.endpoints === 0
    ? plan
    : { ...plan, accounts: 1, posts: 2, holds: 0, threads: 0, x: { ...plan.x, fault: 0 } }

/** Every seed allows other things, and some of them nothing at all: faults hide behind each other. */
export const planOf = (seed: number, change: (plan: Plan) => Plan = (plan) => plan): Plan => {
  const random = createRandom(seed).fork('plan')
  const cpu = random.fork('cpu')
  const slips = random.fork('slips')
  const isWild = random.chance(0.12)
  const suspends = random.chance(0.3)
  const plan: Plan = {
    accounts: random.whole(1, 6),
    posts: random.whole(2, 10),
    stormMs: random.between(15_000, 75_000),
    people: { actions: random.chance(0.8) ? random.whole(2, 18) : 0, governs: random.chance(0.35) },
    isolate: {
      crash: maybe(random, 0.6, () => random.between(0.002, 0.06)),
      crashAtCommit: maybe(random, 0.5, () => random.between(0.01, 0.08)),
      spends: maybe(cpu, 0.5, () => cpu.between(0.1, 0.7)),
      freeze: maybe(random, 0.5, () => random.between(0.002, 0.04)),
      suspends,
      wallJump: maybe(random, 0.3, () => random.between(0.005, 0.03)),
      wallMayGoBack: !suspends,
      stallMs: random.pick([0.5, 3, 200]),
    },
    database: {
      lostBefore: maybe(random, 0.4, () => random.between(0.01, 0.1)),
      lostAfter: maybe(random, 0.4, () => random.between(0.01, 0.15)),
      undone: maybe(random, 0.4, () => random.between(0.01, 0.1)),
      ghost: maybe(random, 0.3, () => random.between(0.01, 0.08)),
      slowMs: random.pick([1, 3, 30, 800]),
      outages: random.chance(0.25) ? random.whole(1, 2) : 0,
    },
    bell: {
      lost: maybe(random, 0.5, () => random.between(0.1, 0.7)),
      lateTick: random.pick([0, 0.1, 0.4]),
    },
    x: {
      fault: maybe(random, 0.85, () => random.between(0.05, 0.6)),
      readFault: maybe(random, 0.6, () => random.between(0.05, 0.4)),
      hasMoods: random.fork('moods').chance(0.6),
      falseUnauthorized: maybe(random, 0.3, () => random.between(0.02, 0.3)),
      slips: maybe(slips, 0.3, () => slips.between(0.1, 1)),
      foreignIds: 0.5,
      refusals: {},
      kinds: {},
      timelineLagMs: random.pick([0, 2_000, 60_000, 400_000]),
      longestCarryMs: isWild ? 7_200_000 : 19_000,
      clockBehindMs: random.pick([0, 1_000, 110_000]),
      tokenLifeMs: random.pick([60_000, 660_000, 7_200_000, 7_200_000]),
      isWild,
      refusesDuplicates: !isWild || random.chance(0.5),
      postsPer15Min: random.pick([2, 4, 100, 100, 100, 100]),
    },
    workspaces: [0, 1, 2].map(() => ({ resend: random.chance(0.7) })),
    holds: random.chance(0.1) ? 1 : 0,
    twins: 0.05,
    threads: random.pick([0.1, 0.3, 0.3, 0.8]),
    media: random.pick([0, 0, 0.2, 0.5]),
    webhooks: {
      endpoints: random.chance(0.2) ? random.whole(1, 3) : 0,
      fault: maybe(random, 0.8, () => random.between(0.1, 0.7)),
      actions: maybe(random, 0.7, () => random.whole(2, 12)),
      isDead: random.chance(0.1),
    },
  }
  return change(plan.webhooks.isDead ? withFewEvents(plan) : plan)
}

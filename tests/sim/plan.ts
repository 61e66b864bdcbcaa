import { createRandom, type Random } from './random.ts'

/** What a seed lets happen, and how often. Probabilities are per occasion, times in milliseconds. */
export type Plan = {
  accounts: number
  posts: number
  /** How long faults and people go on. */
  stormMs: number
  people: {
    actions: number
    /** They pause workspaces and set budgets; an operator suspends. */
    governs: boolean
  }
  isolate: {
    crash: number
    /** Of a crash around a call's commit. */
    crashAtCommit: number
    freeze: number
    /** A frozen isolate's monotonic clock stands still, too, as in a suspended machine. */
    suspends: boolean
    wallJump: number
    /** A wall clock set back: never together with suspensions, which then nobody could notice. */
    wallMayGoBack: boolean
    stallMs: number
  }
  database: {
    lostBefore: number
    lostAfter: number
    undone: number
    /** Carried out long after its caller gave up. */
    ghost: number
    slowMs: number
    outages: number
  }
  bell: { lost: number; lateTick: number }
  x: {
    fault: number
    /** Timelines and tokens. */
    readFault: number
    falseUnauthorized: number
    /** How often a post is answered by the id of another one, as endings are weighted (x/fates.ts). */
    foreignIds: number
    /** How long an accepted post may stay out of its timeline. */
    timelineLagMs: number
    /** How long after its departure a request may still be carried out. */
    longestCarryMs: number
    clockBehindMs: number
    tokenLifeMs: number
    /** X breaks what docs/architecture.md assumes of it: it accepts after every bound. */
    isWild: boolean
    refusesDuplicates: boolean
    /** What X lets an account send, as the deployment knows it. */
    postsPer15Min: number
  }
  workspaces: { resend: boolean }[]
  holds: number
  /** How many posts are threads. */
  threads: number
  /** How many segments show pictures. */
  media: number
}

const maybe = (random: Random, probability: number, value: () => number) =>
  random.chance(probability) ? value() : 0

/** Every seed allows other things, and some of them nothing at all: faults hide behind each other. */
export const planOf = (seed: number, change: (plan: Plan) => Plan = (plan) => plan): Plan => {
  const random = createRandom(seed).fork('plan')
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
      falseUnauthorized: maybe(random, 0.3, () => random.between(0.02, 0.3)),
      foreignIds: 0.5,
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
    threads: random.pick([0.1, 0.3, 0.3, 0.8]),
    media: random.pick([0, 0, 0.2, 0.5]),
  }
  return change(plan)
}

/** What a seed lets happen, and how often. Probabilities are per occasion, times in milliseconds. */
export type Plan = {
  accounts: number
  posts: number
  /** How long faults and people go on. */
  stormMs: number
  people: {
    actions: number
    /**
     * They pause workspaces and set budgets; an operator suspends. Where they only set budgets, they pause no
     * account either.
     */
    governs: boolean | 'budgets'
    /** Where it is given, they do nothing but that to the posts there are, as often as it says. */
    only?: Record<string, number>
  }
  isolate: {
    crash: number
    /** Of a crash around a call's commit. */
    crashAtCommit: number
    /** Of an isolate whose CPU is spent: the platform says so, and ends it soon afterwards. */
    spends: number
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
    /** Of a refresh token that is called wrong once, though it is not. */
    slips: number
    /** Whether it suspends accounts, forgets media, refuses replies and reaches limits of a day or of money. */
    hasMoods: boolean
    /** How often a post is answered by the id of another one, as endings are weighted (x/fates.ts). */
    foreignIds: number
    /** Refusals that come more or less often than in x/fates.ts, with their weights. */
    refusals: Record<string, number>
    /** What becomes of a post where X misbehaves, with other weights than in x/fates.ts. */
    kinds: Record<string, number>
    /** How long an accepted post may stay out of its timeline. */
    timelineLagMs: number
    /** How long after its departure a request may still be carried out. */
    longestCarryMs: number
    /** Where X is always as late as that, when it is late. */
    shortestCarryMs?: number
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
  /** How many posts say what another one says. */
  twins: number
  /** How many posts are threads. */
  threads: number
  /** How many segments show pictures. */
  media: number
  webhooks: {
    /** In most seeds none. */
    endpoints: number
    /** How often a receiver does not simply take what it gets. */
    fault: number
    /** What people do to endpoints and deliveries. */
    actions: number
    /** One receiver never answers as it should, storm or not, until its deliveries are given up. */
    isDead: boolean
  }
}

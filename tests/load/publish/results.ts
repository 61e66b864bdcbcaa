import type { Report } from '../support/report.ts'
import { median, quantile } from '../support/statistics.ts'
import type { Blows } from './blows.ts'
import type { Hanging } from './hanging.ts'
import type { Kill } from './kill.ts'
import type { System } from './peers/main.ts'
import type { Sent } from './published.ts'
import type { Spike } from './spike.ts'

/** What one round measured, side by side; a part that was not run is absent. */
export type Round = { limit?: number; spike?: Spike } & { [system in System]?: number }

export type Measured = {
  rounds: Round[]
  trickle?: Sent
  /** Spikes against a provider that takes 500 ms. */
  slow: Spike[]
  hanging: Hanging[]
  kills: Kill[]
  blows?: Blows
  postsPerSpike: number
}

type Read = (spike: Spike) => number | null

const ofSpikes = (spikes: Spike[], read: Read) =>
  median(spikes.map(read).filter((value) => value !== null))

/** Ours divided by what ran beside us in the same round. */
const ratioTo = (rounds: Round[], other: 'limit' | System) =>
  median(
    rounds.flatMap(({ spike, ...round }) => {
      const beside = round[other]
      return spike && beside ? [spike.postsPerSecond / beside] : []
    }),
  )

const rateOf = (rounds: Round[], name: 'limit' | System) =>
  median(rounds.flatMap((round) => round[name] ?? []))

const metricsOf = (m: Measured): Report['metrics'] => {
  const spikes = m.rounds.flatMap(({ spike }) => spike ?? [])
  const per = (read: (spike: Spike) => number) =>
    ofSpikes(spikes, (spike) => read(spike) / m.postsPerSpike)
  const late = (q: number) => ofSpikes(spikes, ({ lateMs }) => quantile(lateMs, q))
  return {
    posts_per_s: ofSpikes(spikes, (spike) => spike.postsPerSecond),
    limit_posts_per_s: rateOf(m.rounds, 'limit'),
    raw_posts_per_s: rateOf(m.rounds, 'raw'),
    graphile_posts_per_s: rateOf(m.rounds, 'graphile'),
    pgboss_posts_per_s: rateOf(m.rounds, 'pgboss'),
    ratio_limit: ratioTo(m.rounds, 'limit'),
    ratio_raw: ratioTo(m.rounds, 'raw'),
    ratio_graphile: ratioTo(m.rounds, 'graphile'),
    ratio_pgboss: ratioTo(m.rounds, 'pgboss'),
    spike_late_p50_ms: late(0.5),
    spike_late_p99_ms: late(0.99),
    slow_provider_all_sent_s: ofSpikes(m.slow, ({ lateMs }) => Math.max(...lateMs) / 1000),
    hanging_account_p99_increase_pct: median(m.hanging.map((one) => one.increasePercent)),
    late_p50_ms: quantile(m.trickle?.lateMs ?? [], 0.5),
    late_p99_ms: quantile(m.trickle?.lateMs ?? [], 0.99),
    recovered_after_kill_s: median(m.kills.map((kill) => kill.recoveredSeconds)),
    after_blows_ratio: m.blows?.ratio ?? null,
    pg_cpu_us_per_post: per(({ cpu }) => cpu.store * 1000),
    wal_bytes_per_post: per(({ wal }) => wal.bytes),
    wal_full_page_bytes_per_post: per(({ wal }) => wal.fullPageBytes),
    edge_cpu_ms_per_post: per(({ cpu }) => cpu.measured),
  }
}

/** The bench's last line. Rounds are summed up by their medians. */
export const resultsOf = (measured: Measured): Report => {
  const { rounds, trickle, slow, hanging, kills, blows } = measured
  const all: Sent[] = [
    ...rounds.flatMap(({ spike }) => spike ?? []),
    ...(trickle ? [trickle] : []),
    ...slow,
    ...hanging.flatMap(({ sent }) => sent),
    ...kills,
    ...(blows?.sent ?? []),
  ]
  return {
    bench: 'publish',
    metrics: metricsOf(measured),
    checks: {
      no_duplicates: all.every(({ noDuplicates }) => noDuplicates),
      none_lost: all.every(({ noneLost }) => noneLost),
      none_early: all.every(({ lateMs }) => lateMs.every((late) => late >= 0)),
    },
  }
}

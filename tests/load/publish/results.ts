import type { Report } from '../support/report.ts'
import { median, quantile } from '../support/statistics.ts'
import type { Sent } from './published.ts'
import type { Spike } from './spike.ts'

/** One round: a spike, and the bare loop beside it (null when it was not run). */
export type Round = { limit: number | null; spike: Spike }

/** The bench's last line. Rounds are summed up by their medians. */
export const resultsOf = (trickle: Sent, rounds: Round[], postsPerSpike: number): Report => {
  const spikes = rounds.map(({ spike }) => spike)
  const all = [trickle, ...spikes]
  const ofSpikes = (read: (spike: Spike) => number | null) =>
    median(spikes.map(read).filter((value) => value !== null))
  const limits = rounds.flatMap(({ limit, spike }) =>
    limit === null ? [] : [{ limit, ratio: spike.postsPerSecond / limit }],
  )
  return {
    bench: 'publish',
    metrics: {
      posts_per_s: ofSpikes((spike) => spike.postsPerSecond),
      limit_posts_per_s: median(limits.map(({ limit }) => limit)),
      ratio_limit: median(limits.map(({ ratio }) => ratio)),
      late_p50_ms: quantile(trickle.lateMs, 0.5),
      late_p99_ms: quantile(trickle.lateMs, 0.99),
      spike_late_p50_ms: ofSpikes(({ lateMs }) => quantile(lateMs, 0.5)),
      spike_late_p99_ms: ofSpikes(({ lateMs }) => quantile(lateMs, 0.99)),
      spike_all_out_s: ofSpikes(({ lateMs }) => Math.max(...lateMs) / 1000),
      store_cpu_us_per_post: ofSpikes(({ cpu }) => (cpu.store * 1000) / postsPerSpike),
      wal_bytes_per_post: ofSpikes(({ walBytes }) => walBytes / postsPerSpike),
      edge_cpu_ms_per_post: ofSpikes(({ cpu }) => cpu.publish / postsPerSpike),
    },
    checks: {
      no_duplicates: all.every(({ noDuplicates }) => noDuplicates),
      none_lost: all.every(({ noneLost }) => noneLost),
      none_early: all.every(({ lateMs }) => lateMs.every((late) => late >= 0)),
    },
  }
}

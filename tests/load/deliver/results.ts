import type { Report } from '../support/report.ts'
import { median, quantile } from '../support/statistics.ts'
import type { Arrived, Burst } from './burst.ts'
import { differenceOf } from './dead.ts'
import type { Ingest } from './ingest.ts'
import type { Measured, Round } from './rounds.ts'

const ofRounds = (rounds: Round[], read: (round: Round) => number | undefined | null) =>
  median(rounds.map(read).filter((value) => value !== undefined && value !== null))

const metricsOf = (m: Measured): Report['metrics'] => {
  const { rounds, events, ingest } = m
  const each = (read: (burst: Burst) => number, name: 'one' | 'many' = 'one') =>
    ofRounds(rounds, ({ [name]: burst }) => burst && read(burst) / events)
  const ofIngest = (read: (ingest: Ingest) => number | null, name: 'bare' | 'ours' = 'ours') =>
    ofRounds(rounds, ({ [name]: one }) => one && read(one))
  const ratio = (ours: number | undefined, other: number | undefined) =>
    ours && other ? ours / other : undefined
  return {
    deliveries_per_s: ofRounds(rounds, ({ one }) => one?.perSecond),
    total_deliveries_per_s: ofRounds(rounds, ({ many }) => many?.perSecond),
    limit_per_s: ofRounds(rounds, ({ limit }) => limit),
    ratio_limit: ofRounds(rounds, ({ one, limit }) => ratio(one?.perSecond, limit)),
    total_ratio_limit: ofRounds(rounds, ({ many, limit }) => ratio(many?.perSecond, limit)),
    commit_to_first_attempt_p50_ms: quantile(m.steady?.latencyMs ?? [], 0.5),
    commit_to_first_attempt_p99_ms: quantile(m.steady?.latencyMs ?? [], 0.99),
    dead_endpoint_p99_increase_pct: differenceOf(m.dead)?.increasePercent ?? null,
    ingest_per_s: ofIngest(({ perSecond }) => perSecond),
    ingest_bare_per_s: ofIngest(({ perSecond }) => perSecond, 'bare'),
    ingest_ratio_bare: ofRounds(rounds, ({ ours, bare }) =>
      ratio(ours?.perSecond, bare?.perSecond),
    ),
    ingest_processed_per_s: ofIngest(({ processedPerSecond }) => processedPerSecond),
    ingest_edge_cpu_ms: ofIngest(({ cpu }) => cpu.measured / ingest),
    ingest_pg_cpu_us: ofIngest(({ cpu }) => (cpu.store * 1000) / ingest),
    pg_cpu_us_per_delivery: each(({ cpu }) => cpu.store * 1000),
    edge_cpu_ms_per_delivery: each(({ cpu }) => cpu.measured),
    wal_bytes_per_delivery: each(({ wal }) => wal.bytes),
    wal_full_page_bytes_per_delivery: each(({ wal }) => wal.fullPageBytes),
    total_pg_cpu_us_per_delivery: each(({ cpu }) => cpu.store * 1000, 'many'),
    chaos_settled_after_kill_s: m.chaos?.secondsAfterKill ?? null,
    chaos_repeated: m.chaos?.arrived.repeats ?? null,
  }
}

/**
 * The bench's last line. Rounds are summed up by their medians. A worker that is killed may make its
 * consumers see an event twice: under the same id, signed, with the same bytes.
 */
export const resultsOf = (m: Measured): Report => {
  const undisturbed: Arrived[] = [
    ...m.rounds.flatMap(({ one, many }) => [one, many].flatMap((burst) => burst?.arrived ?? [])),
    ...(m.steady ? [m.steady.arrived] : []),
    ...m.dead.flatMap(({ calm, beside }) => [calm.arrived, beside.arrived]),
  ]
  const all = [...undisturbed, ...(m.chaos ? [m.chaos.arrived] : [])]
  const ingests = m.rounds.flatMap(({ bare, ours }) => [bare, ours].flatMap((one) => one ?? []))
  return {
    bench: 'deliver',
    metrics: metricsOf(m),
    checks: {
      none_lost: [...all, ...ingests].every(({ noneLost }) => noneLost),
      no_duplicates_by_id: undisturbed.every(({ noRepeats }) => noRepeats),
      all_signed_and_unchanged: all.every(({ noFaults }) => noFaults),
    },
  }
}

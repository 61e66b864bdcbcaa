import type { Cpu } from '../support/cpu.ts'
import { say } from '../support/report.ts'
import { quantile } from '../support/statistics.ts'
import { type Bench, type Burst, runBurst } from './burst.ts'
import { type Chaos, runChaos } from './chaos.ts'
import { type Dead, runDeads } from './dead.ts'
import { type Ingest, runIngest } from './ingest.ts'
import { measureLimit } from './limit.ts'
import { type Listener, seedListeners } from './listeners.ts'
import type { Options } from './options.ts'
import { runSteady, type Steady } from './steady.ts'

/** What one round measured, side by side; a part that was not run is absent. */
export type Round = { limit?: number; one?: Burst; many?: Burst; bare?: Ingest; ours?: Ingest }

export type Measured = {
  rounds: Round[]
  dead: Dead[]
  steady?: Steady
  chaos?: Chaos
  /** Of each burst. */
  events: number
  /** Of X, each round. */
  ingest: number
}

const STEADY_WORKSPACES = 20

const whole = (value: number | null | undefined) => value?.toFixed(0) ?? '–'

const cpuOf = (cpu: Cpu, count: number) =>
  Object.entries(cpu)
    .map(([part, ms]) => `${part} ${whole((ms * 1000) / count)}`)
    .join(', ')

const describe = (round: Round, o: Options): string[] => {
  const bursts = (['one', 'many'] as const).flatMap((name) => {
    const burst = round[name]
    if (!burst) return []
    const cpu = cpuOf(burst.cpu, o.events)
    const wal = whole(burst.wal.bytes / o.events)
    return [`${name}: ${whole(burst.perSecond)}/s; µs each: ${cpu}; WAL bytes each: ${wal}`]
  })
  const ingests = (['bare', 'ours'] as const).flatMap((name) => {
    const ingest = round[name]
    if (!ingest) return []
    const processed = ingest.processedPerSecond
      ? `, ${whole(ingest.processedPerSecond)}/s processed`
      : ''
    return [
      `ingest ${name}: ${whole(ingest.perSecond)}/s${processed}; µs each: ${cpuOf(ingest.cpu, o.ingest)}`,
    ]
  })
  return [...(round.limit ? [`limit: ${whole(round.limit)}/s`] : []), ...bursts, ...ingests]
}

type Listeners = { one: Listener[]; many: Listener[] }

/** One after the other, beginning with another one each round, so that none always meets a warm machine. */
const runRound = async (bench: Bench, { one, many }: Listeners, o: Options, number: number) => {
  const round: Round = {}
  const steps: (() => Promise<void>)[] = []
  const add = (part: Parameters<Options['runs']>[0], step: () => Promise<void>) => {
    if (o.runs(part)) steps.push(step)
  }
  add('limit', async () => {
    round.limit = await measureLimit(bench.receiver, o.events)
  })
  add('one', async () => {
    round.one = await runBurst(bench, one, o.events)
  })
  add('many', async () => {
    round.many = await runBurst(bench, many, o.events)
  })
  add('ingest', async () => {
    round.bare = await runIngest(bench, 'bare', o.ingest)
  })
  add('ingest', async () => {
    round.ours = await runIngest(bench, 'ours', o.ingest)
  })
  const first = number % Math.max(steps.length, 1)
  for (const step of [...steps.slice(first), ...steps.slice(0, first)]) await step()
  for (const line of describe(round, o)) say(`round ${number}: ${line}`)
  return round
}

const measureSteady = async (bench: Bench, o: Options): Promise<Steady> => {
  const listeners = await seedListeners(bench.sql, bench, { workspaces: STEADY_WORKSPACES })
  // The first ones find no isolate; how long that takes is bench:boot's to say.
  await runSteady(bench, listeners, 1)
  const steady = await runSteady(bench, listeners, Math.ceil(o.steady / STEADY_WORKSPACES))
  const [p50, p99] = [0.5, 0.99].map((q) => whole(quantile(steady.latencyMs, q)))
  say(`steady: commit to first attempt p50 ${p50} ms, p99 ${p99} ms`)
  return steady
}

/** Runs the parts that were asked for; the one that kills a worker comes last. */
export const measure = async (bench: Bench, o: Options): Promise<Measured> => {
  const steady = o.runs('steady') ? await measureSteady(bench, o) : undefined
  const dead = o.runs('dead') ? await runDeads(bench, o.rounds, o.dead) : []
  const inRounds = (['limit', 'one', 'many', 'ingest'] as const).some((part) => o.runs(part))
  const listeners = {
    one: await seedListeners(bench.sql, bench, { workspaces: 1 }),
    many: await seedListeners(bench.sql, bench, { workspaces: o.workspaces }),
  }
  const rounds: Round[] = []
  for (let number = 1; inRounds && number <= o.rounds; number += 1) {
    rounds.push(await runRound(bench, listeners, o, number))
  }
  const chaos = o.runs('chaos') ? await runChaos(bench, o.events) : undefined
  if (chaos) {
    const { repeats } = chaos.arrived
    say(
      `chaos: all settled ${chaos.secondsAfterKill.toFixed(1)} s after the kill, ${repeats} twice`,
    )
  }
  return {
    ...{ rounds, dead, events: o.events, ingest: o.ingest },
    ...(steady && { steady }),
    ...(chaos && { chaos }),
  }
}

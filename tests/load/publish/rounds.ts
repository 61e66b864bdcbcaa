import { say } from '../support/report.ts'
import { quantile } from '../support/statistics.ts'
import { runBlows } from './blows.ts'
import { runHanging } from './hanging.ts'
import { runKill } from './kill.ts'
import { measureLimit } from './limit.ts'
import type { Options } from './options.ts'
import { measurePeer } from './peers.ts'
import type { Measured, Round } from './results.ts'
import { type Bench, runSpike, type Spike, stopMetrics } from './spike.ts'
import { runTrickle } from './trickle.ts'

const TRICKLE_OVER_MS = 40_000
const SLOW_PROVIDER_MS = 500

const whole = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(0))

const describe = ({ spike, ...others }: Round, posts: number) => {
  const beside = Object.entries(others).map(([name, rate]) => `${name} ${whole(rate)}`)
  if (!spike) return beside.join(', ')
  const cpu = Object.entries(spike.cpu).map(([part, ms]) => `${part} ${whole((ms * 1000) / posts)}`)
  return [
    `posts/s: ours ${whole(spike.postsPerSecond)}, ${beside.join(', ')}`,
    `late p50 ${whole(quantile(spike.lateMs, 0.5))} ms, p99 ${whole(quantile(spike.lateMs, 0.99))} ms`,
    `CPU µs a post: ${cpu.join(', ')}`,
    `WAL bytes a post: ${whole(spike.wal.bytes / posts)}, whole pages ${whole(spike.wal.fullPageBytes / posts)}`,
  ].join('; ')
}

/** One after the other, beginning with another one each round, so that none always meets a warm machine. */
const runRound = async (bench: Bench, o: Options, number: number): Promise<Round> => {
  const round: Round = {}
  const named = (name: string) => ({ name: `${name} ${number}`, count: o.posts })
  const steps: (() => Promise<void>)[] = []
  if (o.runs('limit'))
    steps.push(async () => {
      const batch = { ...named('limit'), accounts: bench.accounts }
      round.limit = await measureLimit(bench.host.state.x_url, batch)
    })
  if (o.runs('spike'))
    steps.push(async () => {
      round.spike = await runSpike(bench, `spike ${number}`, o.posts)
    })
  for (const system of o.runs('peers') ? (['raw', 'graphile', 'pgboss'] as const) : [])
    steps.push(async () => {
      round[system] = await measurePeer(bench, system, named(system))
    })
  const first = number % Math.max(steps.length, 1)
  for (const step of [...steps.slice(first), ...steps.slice(0, first)]) await step()
  say(`round ${number}: ${describe(round, o.posts)}`)
  return round
}

const runSlow = async (bench: Bench, o: Options, number: number): Promise<Spike> => {
  await bench.x.delayPosts(SLOW_PROVIDER_MS)
  const spike = await runSpike(bench, `slow ${number}`, o.posts)
  await bench.x.delayPosts(0)
  say(`slow provider ${number}: all out after ${(Math.max(...spike.lateMs) / 1000).toFixed(1)} s`)
  return spike
}

const repeat = async <T>(times: number, one: (number: number) => Promise<T>): Promise<T[]> => {
  const all: T[] = []
  for (let number = 1; number <= times; number += 1) all.push(await one(number))
  return all
}

/** Runs the parts that were asked for; those that leave something unconfirmed come last. */
export const measure = async (bench: Bench, o: Options): Promise<Measured> => {
  const times = (part: Parameters<Options['runs']>[0]) => (o.runs(part) ? o.rounds : 0)
  const trickle = o.runs('trickle')
    ? await runTrickle(bench, o.trickle, TRICKLE_OVER_MS)
    : undefined
  if (trickle) say(`trickle: late p99 ${whole(quantile(trickle.lateMs, 0.99))} ms`)
  await stopMetrics(bench.sql)
  const rounds = await repeat(Math.max(times('spike'), times('limit'), times('peers')), (number) =>
    runRound(bench, o, number),
  )
  const slow = await repeat(times('slow'), (number) => runSlow(bench, o, number))
  const kills = await repeat(times('kill'), async (number) => {
    const kill = await runKill(bench, `kill ${number}`, o.posts)
    say(
      `kill ${number}: recovered after ${kill.recoveredSeconds.toFixed(1)} s, ${kill.unconfirmed} unconfirmed`,
    )
    return kill
  })
  const hanging = await repeat(times('hanging'), async (number) => {
    const one = await runHanging(bench, `hanging ${number}`, o.hanging)
    say(`hanging account ${number}: others' p99 ${one.increasePercent.toFixed(1)} % later`)
    return one
  })
  const blows = o.runs('blows') ? await runBlows(bench, 'blows', o.blows) : undefined
  if (blows) say(`after all blows: ${(blows.ratio * 100).toFixed(0)} % of the rate before`)
  return {
    rounds,
    ...(blows && { blows }),
    ...(trickle && { trickle }),
    slow,
    hanging,
    kills,
    postsPerSpike: o.posts,
  }
}

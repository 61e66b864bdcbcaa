import { say } from '../support/report.ts'
import { quantile } from '../support/statistics.ts'
import { type Bench, secretsOf } from './burst.ts'
import { whenNoneWaits } from './events.ts'
import { type Listener, seedListeners } from './listeners.ts'
import { runSteady, type Steady } from './steady.ts'

const ENDPOINTS = 5

/** The same load with all endpoints well, and with one that takes connections and never answers. */
export type Dead = { calm: Steady; beside: Steady }

/** The first events find no isolate; how long that takes is bench:boot's to say. */
const warmUp = async (bench: Bench): Promise<void> => {
  await runSteady(bench, await seed(bench), 10)
}

/** One round of both; which comes first changes with `round`. */
const runDead = async (bench: Bench, round: number, events: number): Promise<Dead> => {
  const calmly = async () => runSteady(bench, await seed(bench), events)
  const besideDead = () => runBesideDead(bench, events)
  if (round % 2 === 0) {
    const calm = await calmly()
    return { calm, beside: await besideDead() }
  }
  const beside = await besideDead()
  return { calm: await calmly(), beside }
}

/** How the p99 from commit to first attempt differs, over the samples of all rounds together. */
type Difference = {
  calmP99Ms: number
  besideP99Ms: number
  increasePercent: number
  samples: { calm: number; beside: number }
}

/** A p99 of one round rests on a handful of its events: their median is noise, all of them are not. */
export const differenceOf = (rounds: Dead[]): Difference | null => {
  const calm = rounds.flatMap((round) => round.calm.latencyMs)
  const beside = rounds.flatMap((round) => round.beside.latencyMs)
  const [calmP99Ms, besideP99Ms] = [quantile(calm, 0.99), quantile(beside, 0.99)]
  if (calmP99Ms === null || besideP99Ms === null) return null
  return {
    ...{ calmP99Ms, besideP99Ms, increasePercent: (besideP99Ms / calmP99Ms - 1) * 100 },
    samples: { calm: calm.length, beside: beside.length },
  }
}

/** Calm and disturbed take turns, so that what else the machine does meets both. */
export const runDeads = async (bench: Bench, rounds: number, events: number): Promise<Dead[]> => {
  const all: Dead[] = []
  await warmUp(bench)
  for (let number = 1; number <= rounds; number += 1) {
    all.push(await runDead(bench, number, events))
    const so = differenceOf(all)
    if (so) say(`dead endpoint, ${number} of ${rounds}: ${wordsOf(so)}`)
  }
  return all
}

const wordsOf = ({ calmP99Ms, besideP99Ms, increasePercent, samples }: Difference) =>
  [
    `others' p99 ${calmP99Ms.toFixed(0)} ms (${samples.calm} samples)`,
    `beside it ${besideP99Ms.toFixed(0)} ms (${samples.beside}): ${increasePercent.toFixed(1)} % more`,
  ].join(', ')

const seed = (bench: Bench): Promise<Listener[]> =>
  seedListeners(bench.sql, bench, { workspaces: 1, endpoints: ENDPOINTS, inFlight: 20 })

const runBesideDead = async (bench: Bench, events: number) => {
  const listeners = await seed(bench)
  const [victim] = listeners
  if (!victim) throw new Error('there is no endpoint')
  await bench.receiver.hang(victim.path)
  const steady = await runSteady(bench, listeners, events, victim)
  await bury(bench, victim)
  return steady
}

/** Nothing of it may be left when the next load begins. */
const bury = async ({ sql, receiver }: Bench, victim: Listener) => {
  await sql.query('delete from public.webhook_endpoints where id = $1', [victim.endpointId])
  await receiver.hang(null)
  await whenNoneWaits(sql)
  await receiver.collect(secretsOf([victim]))
}

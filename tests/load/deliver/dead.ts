import { quantile } from '../support/statistics.ts'
import { type Arrived, type Bench, secretsOf } from './burst.ts'
import { whenNoneWaits } from './events.ts'
import { type Listener, seedListeners } from './listeners.ts'
import { runSteady } from './steady.ts'

const ENDPOINTS = 5
const EVENTS = 200

export type Dead = {
  /** What the others' p99 from commit to first attempt gained when one endpoint was dead. */
  increasePercent: number
  calmP99Ms: number
  arrived: Arrived[]
}

/**
 * The same steady load on five endpoints of one workspace twice: all well, and one of them taking
 * connections and never answering. Which comes first changes with `round`.
 */
export const runDead = async (bench: Bench, round: number): Promise<Dead> => {
  const calmly = async () => {
    const listeners = await seed(bench)
    return runSteady(bench, listeners, EVENTS)
  }
  const besideDead = () => runBesideDead(bench)
  const [first, second] =
    round % 2 === 0 ? [await calmly(), await besideDead()] : [await besideDead(), await calmly()]
  const [calm, hung] = round % 2 === 0 ? [first, second] : [second, first]
  const p99 = ({ latencyMs }: typeof calm) => quantile(latencyMs, 0.99) ?? Number.NaN
  return {
    increasePercent: (p99(hung) / p99(calm) - 1) * 100,
    calmP99Ms: p99(calm),
    arrived: [calm.arrived, hung.arrived],
  }
}

const seed = (bench: Bench): Promise<Listener[]> =>
  seedListeners(bench.sql, bench, { workspaces: 1, endpoints: ENDPOINTS, inFlight: 20 })

const runBesideDead = async (bench: Bench) => {
  const listeners = await seed(bench)
  const [victim] = listeners
  if (!victim) throw new Error('there is no endpoint')
  await bench.receiver.hang(victim.path)
  const steady = await runSteady(bench, listeners, EVENTS, victim)
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

import type pg from 'pg'
import { type Cpu, cpuBetween, readCpu } from '../support/cpu.ts'
import type { Host } from '../support/start-host.ts'
import { type Wal, watchWal } from '../support/wal.ts'
import { emit, tidy, untilDelivered } from './events.ts'
import type { Listener } from './listeners.ts'
import type { Receiver, Seen } from './receiver.ts'

export type Bench = { host: Host; sql: pg.ClientBase; receiver: Receiver; data: string }

export type Burst = {
  perSecond: number
  /** Of the whole stack until the last was settled, milliseconds. */
  cpu: Cpu
  wal: Wal
  arrived: Arrived
}

export type Arrived = { noneLost: boolean; noRepeats: boolean; noFaults: boolean; repeats: number }

/** Compares what the consumers got with what each of them should have got. */
export const judge = (seen: Record<string, Seen>, expected: number): Arrived => {
  const all = Object.values(seen)
  return {
    noneLost: all.every(({ events }) => events === expected),
    noRepeats: all.every(({ arrivals, events }) => arrivals === events),
    noFaults: all.every(({ faults }) => faults === 0),
    repeats: all.reduce((sum, { arrivals, events }) => sum + arrivals - events, 0),
  }
}

export const secretsOf = (listeners: Listener[]): Record<string, string> =>
  Object.fromEntries(listeners.map(({ path, secret }) => [path, secret]))

export const workspacesOf = (listeners: Listener[]): string[] => [
  ...new Set(listeners.map(({ workspaceId }) => workspaceId)),
]

/**
 * Events that are all committed at one instant, through trigger, pg_net and function, until the last
 * is settled. `count` is a multiple of the workspaces, so that all get the same share.
 */
export const runBurst = async (
  { host, sql, receiver }: Bench,
  listeners: Listener[],
  count: number,
): Promise<Burst> => {
  const workspaceIds = workspacesOf(listeners)
  await tidy(sql)
  const watch = async () => ({
    cpu: readCpu(host.pid, 'deliver'),
    walSince: await watchWal(sql),
    at: performance.now(),
  })
  let before = await watch()
  await untilDelivered(sql, { workspaceIds, count }, async () => {
    await sql.query('begin')
    await emit(sql, workspaceIds, count)
    before = await watch()
    await sql.query('commit')
  })
  const ms = performance.now() - before.at
  const cpu = cpuBetween(before.cpu, readCpu(host.pid, 'deliver'))
  const wal = await before.walSince()
  const seen = await receiver.collect(secretsOf(listeners))
  const share = count / workspaceIds.length
  const perSecond = ((share * listeners.length) / ms) * 1000
  return { perSecond, cpu, wal, arrived: judge(seen, share) }
}

import type pg from 'pg'
import { until } from '../../helpers/until.ts'
import type { ControlX } from '../support/control-x.ts'
import { type Cpu, cpuBetween, readCpu } from '../support/cpu.ts'
import type { Host } from '../support/start-host.ts'
import { type Wal, watchWal } from '../support/wal.ts'
import { comparePublished, type Sent } from './published.ts'
import type { LoadAccount } from './seed-accounts.ts'
import { seedPosts } from './seed-posts.ts'

export type Bench = { host: Host; sql: pg.ClientBase; x: ControlX; accounts: LoadAccount[] }

export type Spike = Sent & {
  postsPerSecond: number
  /** Of the whole stack while the spike went out, milliseconds. */
  cpu: Cpu
  wal: Wal
}

/** Claims begin 5 s ahead, a tick comes every 2 s, and scheduling itself takes its time. */
const prepareMs = (count: number) => 8_000 + count * 0.4
const GIVE_UP_MS = 120_000

/** Resolves with the time at which no job is left and no attempt is being sent any more. */
export const whenSettled = async (sql: pg.ClientBase): Promise<number> => {
  await until(
    'every post is settled',
    async () => {
      const { rows } = await sql.query<{ open: boolean }>(
        `select exists (select from private.publish_jobs)
           or exists (select from private.live_attempts where next_look_at is null) as open`,
      )
      return rows[0]?.open === false
    },
    GIVE_UP_MS,
  )
  return Date.now()
}

/**
 * Stops the reading of metrics: each post is read 10 s, 1 min and 5 min after it went out, and a
 * round would be charged for the posts of those before it.
 */
export const stopMetrics = async (sql: pg.ClientBase): Promise<void> => {
  await sql.query(`update private.chores set is_on = false where name = 'analytics'`)
}

/** Events of what was written so far are told now, and not during what is measured next. */
const stampAll = (sql: pg.ClientBase) =>
  sql.query('do $$ begin while private.stamp_events(50000) > 0 loop end loop; end $$')

/** What autovacuum and the checkpointer would have done had the posts been written over a day. */
export const tidy = async (sql: pg.ClientBase): Promise<void> => {
  await stampAll(sql)
  await sql.query('vacuum analyze')
  await sql.query('checkpoint')
}

/** Seeds `count` posts that are all due at one instant and schedules them. Returns that instant. */
export const scheduleSpike = async (
  { sql, accounts }: Pick<Bench, 'sql' | 'accounts'>,
  name: string,
  count: number,
): Promise<number> => {
  let due = 0
  const batch = await seedPosts(sql, { name, accounts, count, dueAt: () => due })
  await tidy(sql)
  due = Date.now() + prepareMs(count)
  await batch.schedule()
  await stampAll(sql)
  if (Date.now() > due - 5_500) throw new Error('this machine schedules too slowly for the bench')
  return due
}

/** `count` posts due at one instant, through cron, pg_net and the publish function. */
export const runSpike = async (bench: Bench, name: string, count: number): Promise<Spike> => {
  const { host, sql, x } = bench
  const due = await scheduleSpike(bench, name, count)
  const cpu = readCpu(host.pid, 'publish')
  const walSince = await watchWal(sql)
  const end = await whenSettled(sql)
  const cpuUsed = cpuBetween(cpu, readCpu(host.pid, 'publish'))
  const wal = await walSince()
  const sent = await comparePublished(sql, x, { name, since: due - 60_000 })
  return { ...sent, postsPerSecond: (count / (end - due)) * 1000, cpu: cpuUsed, wal }
}

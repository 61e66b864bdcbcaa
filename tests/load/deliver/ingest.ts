import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SANDBOX_CONSUMER_SECRET } from '../../../scripts/stack/sandbox-x/app-secrets.ts'
import { until } from '../../helpers/until.ts'
import { type Cpu, cpuBetween, readCpu } from '../support/cpu.ts'
import type { Bench } from './burst.ts'
import { tidy } from './events.ts'
import type { IngestJob, IngestResult } from './ingest-loop.ts'

const IN_FLIGHT = 32
const GIVE_UP_MS = 120_000

export type Ingest = {
  perSecond: number
  /** Until every event was processed, too; null for the bare handler. */
  processedPerSecond: number | null
  /** Of the whole stack until then, milliseconds. */
  cpu: Cpu
  noneLost: boolean
}

/** Posts of people we know nothing about, as X tells of them. */
const eventsOf = (count: number): string[] =>
  Array.from({ length: count }, () => {
    const [user, id] = [randomInt(2 ** 40), randomInt(2 ** 40)].map(String)
    const post = {
      ...{ id, author_id: user, conversation_id: id, created_at: new Date().toISOString() },
      text: 'Good morning! The shop opens at nine today, and the first ten coffees are on us.',
      edit_history_tweet_ids: [id],
      public_metrics: { impression_count: 0, like_count: 0, reply_count: 0, quote_count: 0 },
    }
    const filter = { user_id: user }
    const includes = { users: [{ id: user, name: 'Coffee', username: 'coffee' }] }
    const event = { filter, event_type: 'post.create', payload: post, includes }
    return JSON.stringify({ data: { event_uuid: id, ...event } })
  })

const post = async (job: IngestJob): Promise<IngestResult> => {
  const loop = join(import.meta.dirname, 'ingest-loop.ts')
  const child = spawn(process.execPath, [loop], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(job))
  return JSON.parse(await text(child.stdout)) as IngestResult
}

const countOf = async ({ sql }: Bench, from: string): Promise<number> =>
  (await sql.query<{ count: number }>(`select count(*)::int as count from ${from}`)).rows[0]
    ?.count ?? 0

const TARGETS = {
  bare: { path: 'bare', table: 'public.bare_receipts' },
  ours: { path: 'inbound/x', table: 'private.inbound_receipts' },
}

/** Signed events of X to our function, or to a bare Hono handler that does one insert. */
export const runIngest = async (
  bench: Bench,
  target: keyof typeof TARGETS,
  count: number,
): Promise<Ingest> => {
  const { host, sql } = bench
  const { path, table } = TARGETS[target]
  await tidy(sql)
  const before = await countOf(bench, table)
  const cpu = readCpu(host.pid, path.split('/')[0] ?? path)
  const began = performance.now()
  const { ms, answered } = await post({
    ...{ url: `${host.state.functions_url}/${path}`, secret: SANDBOX_CONSUMER_SECRET },
    ...{ inFlight: IN_FLIGHT, bodies: eventsOf(count) },
  })
  const stored = (await countOf(bench, table)) - before
  if (target === 'ours') await whenProcessed(bench)
  const processedPerSecond = target === 'ours' ? (count / (performance.now() - began)) * 1000 : null
  return {
    perSecond: (count / ms) * 1000,
    processedPerSecond,
    cpu: cpuBetween(cpu, readCpu(host.pid, path.split('/')[0] ?? path)),
    noneLost: answered[200] === count && stored === count,
  }
}

const whenProcessed = (bench: Bench) =>
  until(
    'every event is processed',
    async () => (await countOf(bench, `private.inbound_events where run_at < 'infinity'`)) === 0,
    GIVE_UP_MS,
  )

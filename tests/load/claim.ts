/**
 * What claiming costs when posts have piled up for three years, when statistics are missing, and while
 * a forgotten transaction keeps dead rows from being cleared away.
 * Usage: npm run bench:claim -- [--posts N] [--rounds N] [--churn N] [--accounts N]
 */
import { parseArgs } from 'node:util'
import type { Client } from 'pg'
import { runCycle } from './claim/cycle.ts'
import { type Cluster, startCluster } from './claim/databases.ts'
import { compare } from './claim/rounds.ts'
import { seedAccounts } from './claim/seed-accounts.ts'
import { seedHistory } from './claim/seed-history.ts'
import { seedQueue } from './claim/seed-queue.ts'
import { type Verified, verify } from './claim/verify.ts'
import { report, say } from './support/report.ts'

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '15' },
    /** Posts that go out while the transaction is open: ten minutes of 50 a second. */
    churn: { type: 'string', default: '30000' },
    accounts: { type: 'string', default: '2000' },
  },
})
const FEW = 10_000
const SOME = 100_000
const MONTHS = 36
/** One post in fifty waits for a day to come. */
const WAITING = 1 / 50
const TWO_MONTHS = 5_184_000
const [most, rounds, churn, accounts] = [
  values.posts,
  values.rounds,
  values.churn,
  values.accounts,
].map(Number) as [number, number, number, number]

const databases: Client[] = []

type Seed = { posts: number; analyze: 'after' | 'before' | 'never' }

/** A database with so many posts of three years, and those that still wait. */
const prepare = async (
  cluster: Cluster,
  name: string,
  { posts, analyze }: Seed,
): Promise<Client> => {
  const began = performance.now()
  const sql = await cluster.create(name)
  databases.push(sql)
  if (analyze === 'before') await sql.query('analyze')
  await seedAccounts(sql, accounts)
  await seedHistory([sql, await cluster.connect(name)], { posts, months: MONTHS })
  const waiting = { count: Math.ceil(posts * WAITING), inSeconds: 86_400, overSeconds: TWO_MONTHS }
  await seedQueue(sql, { ...waiting, from: 0 })
  if (analyze === 'after') await sql.query('vacuum analyze')
  say(`${name}: ${posts} posts in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  return sql
}

const measureSize = async (cluster: Cluster) => {
  const few = await prepare(cluster, 'few', { posts: FEW, analyze: 'after' })
  const many = await prepare(cluster, 'many', { posts: most, analyze: 'after' })
  const costs = await compare({ few, many }, rounds)
  say(
    `claim ms: ${costs.few.claimMs.toFixed(1)} with few posts, ${costs.many.claimMs.toFixed(1)} with many`,
  )
  return {
    claim_ratio_10m: costs.many.claimMs / costs.few.claimMs,
    cycle_ratio_10m: costs.many.cycleMs / costs.few.cycleMs,
    claim_ms_500_lanes: costs.many.claimMs,
  }
}

/** Statistics that were never taken, and those taken while there was nothing yet. The worse one counts. */
const measureStatistics = async (cluster: Cluster) => {
  const known = await prepare(cluster, 'known', { posts: SOME, analyze: 'after' })
  const absent = await prepare(cluster, 'absent', { posts: SOME, analyze: 'never' })
  const stale = await prepare(cluster, 'stale', { posts: SOME, analyze: 'before' })
  const costs = await compare({ known, absent, stale }, rounds)
  const worse = (read: 'claimMs' | 'cycleMs') =>
    Math.max(costs.absent[read], costs.stale[read]) / costs.known[read]
  return { claim_ratio_noanalyze: worse('claimMs'), cycle_ratio_noanalyze: worse('cycleMs') }
}

const measureOpenTransaction = async (cluster: Cluster) => {
  const free = await prepare(cluster, 'free', { posts: FEW, analyze: 'after' })
  const held = await prepare(cluster, 'held', { posts: FEW, analyze: 'after' })
  const forgotten = await cluster.connect('held')
  await forgotten.query('begin isolation level repeatable read')
  await forgotten.query('select pg_current_xact_id(), count(*) from public.accounts')
  await cluster.setAutovacuum(true)
  for (let sent = 0, number = 0; sent < churn; number += 1) {
    const [{ posts }] = await Promise.all([runCycle(free, number), runCycle(held, number)])
    sent += posts
  }
  const costs = await compare({ free, held }, rounds)
  return { throughput_ratio_open_tx: costs.free.cycleMs / costs.held.cycleMs }
}

const cluster = await startCluster()
try {
  await cluster.setAutovacuum(false)
  const metrics = {
    ...(await measureSize(cluster)),
    ...(await measureStatistics(cluster)),
    ...(await measureOpenTransaction(cluster)),
  }
  const verified: Verified[] = []
  for (const sql of databases) verified.push(await verify(sql))
  const checks = {
    no_duplicates: verified.every(({ noDuplicates }) => noDuplicates),
    none_lost: verified.every(({ noneLost }) => noneLost),
  }
  report({ bench: 'claim', metrics, checks })
} finally {
  await cluster.stop()
}

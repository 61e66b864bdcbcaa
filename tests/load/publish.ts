/** Usage: npm run bench:publish -- [--posts N] [--accounts N] [--rounds N] [--trickle N] [--latency MS] */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { measureLimit } from './publish/limit.ts'
import { type Round, resultsOf } from './publish/results.ts'
import { seedAccounts } from './publish/seed-accounts.ts'
import { type Bench, runSpike, type Spike, stopMetrics } from './publish/spike.ts'
import { runTrickle } from './publish/trickle.ts'
import { controlX } from './support/control-x.ts'
import { report, say } from './support/report.ts'
import { startHost } from './support/start-host.ts'
import { quantile } from './support/statistics.ts'

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '20000' },
    accounts: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    trickle: { type: 'string', default: '200' },
    /** How long X takes for each post of a spike; the bare loop is then left out. */
    latency: { type: 'string', default: '0' },
  },
})
const posts = Number(values.posts)
const latency = Number(values.latency)
const TRICKLE_OVER_MS = 20_000

const whole = (value: number | null) => (value === null ? '–' : value.toFixed(0))

const describe = ({ spike, limit }: Round) => {
  const cpu = Object.entries(spike.cpu).map(([part, ms]) => `${part} ${whole((ms * 1000) / posts)}`)
  return [
    `limit ${whole(limit)} posts/s; ours ${whole(spike.postsPerSecond)} posts/s`,
    `late p50 ${whole(quantile(spike.lateMs, 0.5))} ms, p99 ${whole(quantile(spike.lateMs, 0.99))} ms`,
    `CPU µs a post: ${cpu.join(', ')}`,
  ].join('; ')
}

/** The bare loop and a spike, one after the other. */
const runRound = async (bench: Bench, number: number): Promise<Round> => {
  const { host, accounts } = bench
  const batch = { name: `limit ${number}`, accounts, count: posts }
  const limit = latency > 0 ? null : await measureLimit(host.state.x_url, batch)
  const spike: Spike = await runSpike(bench, `spike ${number}`, posts)
  say(`round ${number}: ${describe({ limit, spike })}`)
  return { limit, spike }
}

const measure = async (bench: Bench) => {
  const trickle = await runTrickle(bench, Number(values.trickle), TRICKLE_OVER_MS)
  say(`trickle: late p99 ${whole(quantile(trickle.lateMs, 0.99))} ms`)
  await stopMetrics(bench.sql)
  if (latency > 0) await bench.x.delayPosts(latency)
  const rounds: Round[] = []
  for (let number = 1; number <= Number(values.rounds); number += 1) {
    rounds.push(await runRound(bench, number))
  }
  report(resultsOf(trickle, rounds, posts))
}

const run = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'myposts-bench-'))
  const data = join(directory, 'stack')
  const host = await startHost({ data }, say)
  const sql = new pg.Client({ connectionString: host.state.admin_db_url })
  try {
    await sql.connect()
    const x = controlX(host.state.x_url)
    await x.liftLimits()
    const accounts = await seedAccounts(sql, { data, x }, Number(values.accounts))
    say(`stack ready in ${host.readySeconds.toFixed(1)} s; ${accounts.length} accounts connected`)
    await measure({ host, sql, x, accounts })
  } finally {
    await sql.end()
    await host.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

await run()

/** Usage: npm run bench:publish -- [--posts N] [--accounts N] [--rounds N] [--latency MS] */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { measureLimit } from './publish/limit.ts'
import { seedAccounts } from './publish/seed-accounts.ts'
import { type Bench, runSpike, type Spike } from './publish/spike.ts'
import { runTrickle } from './publish/trickle.ts'
import { controlX } from './support/control-x.ts'
import { report, say } from './support/report.ts'
import { startHost } from './support/start-host.ts'
import { median, quantile } from './support/statistics.ts'

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '20000' },
    accounts: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    trickle: { type: 'string', default: '200' },
    /** How long X takes for each post. */
    latency: { type: 'string', default: '0' },
  },
})
const options = {
  posts: Number(values.posts),
  accounts: Number(values.accounts),
  rounds: Number(values.rounds),
  trickle: Number(values.trickle),
  latency: Number(values.latency),
}
const TRICKLE_OVER_MS = 20_000

const fixed = (value: number | null) => (value === null ? '–' : value.toFixed(0))

const describe = (spike: Spike, count: number) => {
  const perPost = Object.entries(spike.cpu).map(
    ([part, ms]) => `${part} ${((ms * 1000) / count).toFixed(0)}`,
  )
  return `${fixed(spike.postsPerSecond)} posts/s, late p99 ${fixed(quantile(spike.lateMs, 0.99))} ms, CPU µs/post: ${perPost.join(', ')}`
}

const runRounds = async (bench: Bench) => {
  const { posts: count, rounds } = options
  const limits: number[] = []
  const spikes: Spike[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const limit = await measureLimit(bench.host.state.x_url, {
      name: `limit ${round}`,
      accounts: bench.accounts,
      count,
    })
    const spike = await runSpike(bench, `spike ${round}`, count)
    limits.push(limit)
    spikes.push(spike)
    say(`round ${round}: limit ${fixed(limit)} posts/s; ${describe(spike, count)}`)
  }
  return { limits, spikes }
}

const measure = async (bench: Bench) => {
  const trickle = await runTrickle(bench, options.trickle, TRICKLE_OVER_MS)
  say(
    `trickle: late p50 ${fixed(quantile(trickle.lateMs, 0.5))} ms, p99 ${fixed(quantile(trickle.lateMs, 0.99))} ms`,
  )
  if (options.latency > 0) await bench.x.delayPosts(options.latency)
  const { limits, spikes } = await runRounds(bench)
  const all = [trickle, ...spikes]
  const medianOf = (read: (spike: Spike, round: number) => number) => median(spikes.map(read))
  report({
    bench: 'publish',
    metrics: {
      posts_per_s: medianOf((spike) => spike.postsPerSecond),
      limit_posts_per_s: median(limits),
      ratio_limit: medianOf((spike, round) => spike.postsPerSecond / (limits[round] ?? 0)),
      late_p50_ms: quantile(trickle.lateMs, 0.5),
      late_p99_ms: quantile(trickle.lateMs, 0.99),
      spike_late_p99_ms: medianOf((spike) => quantile(spike.lateMs, 0.99) ?? 0),
      store_cpu_us_per_post: medianOf((spike) => (spike.cpu.store * 1000) / options.posts),
      wal_bytes_per_post: medianOf((spike) => spike.walBytes / options.posts),
      edge_cpu_ms_per_post: medianOf((spike) => spike.cpu.publish / options.posts),
    },
    checks: {
      no_duplicates: all.every(({ noDuplicates }) => noDuplicates),
      none_lost: all.every(({ noneLost }) => noneLost),
    },
  })
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
    const accounts = await seedAccounts(sql, { data, x }, options.accounts)
    say(`stack ready in ${host.readySeconds.toFixed(1)} s; ${accounts.length} accounts connected`)
    await measure({ host, sql, x, accounts })
  } finally {
    await sql.end()
    await host.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

await run()

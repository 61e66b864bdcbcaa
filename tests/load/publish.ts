/**
 * Usage: npm run bench:publish -- [--only spike,limit,peers,trickle,slow,hanging,kill,blows] [--posts N]
 * [--accounts N] [--rounds N] [--trickle N] [--hanging N] [--blows N]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { readOptions } from './publish/options.ts'
import { resultsOf } from './publish/results.ts'
import { measure } from './publish/rounds.ts'
import { seedAccounts } from './publish/seed-accounts.ts'
import { controlX } from './support/control-x.ts'
import { report, say } from './support/report.ts'
import { startHost } from './support/start-host.ts'

const options = readOptions(process.argv.slice(2))
const directory = await mkdtemp(join(tmpdir(), 'myposts-bench-'))
const data = join(directory, 'stack')
const host = await startHost({ data }, say)
const sql = new pg.Client({ connectionString: host.state.admin_db_url })
// The last part crashes Postgres on purpose.
sql.on('error', () => {})
try {
  await sql.connect()
  const x = controlX(host.state.x_url)
  await x.liftLimits()
  const accounts = await seedAccounts(sql, { data, x }, options.accounts)
  say(`stack ready in ${host.readySeconds.toFixed(1)} s; ${accounts.length} accounts connected`)
  report(resultsOf(await measure({ host, sql, x, accounts }, options)))
} finally {
  await sql.end()
  await host.stop()
  await rm(directory, { recursive: true, force: true })
}

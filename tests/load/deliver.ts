/**
 * Usage: npm run bench:deliver -- [--only one,many,limit,steady,dead,ingest,chaos] [--events N]
 * [--workspaces N] [--rounds N] [--ingest N] [--steady N] [--dead N]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { readOptions } from './deliver/options.ts'
import { BARE_TABLE, projectWithBare } from './deliver/project.ts'
import { startReceiver } from './deliver/receiver.ts'
import { resultsOf } from './deliver/results.ts'
import { measure } from './deliver/rounds.ts'
import { report, say } from './support/report.ts'
import { startHost } from './support/start-host.ts'

const options = readOptions(process.argv.slice(2))
const directory = await mkdtemp(join(tmpdir(), 'myposts-bench-'))
const data = join(directory, 'stack')
const receiver = await startReceiver()
const project = await projectWithBare(directory)
const env = { WEBHOOK_PRIVATE_HOSTS: receiver.host }
const host = await startHost({ data, project, env }, say)
const sql = new pg.Client({ connectionString: host.state.admin_db_url })
try {
  await sql.connect()
  await sql.query(BARE_TABLE)
  say(`stack ready in ${host.readySeconds.toFixed(1)} s`)
  report(resultsOf(await measure({ host, sql, receiver, data }, options)))
} finally {
  await sql.end()
  await host.stop()
  await receiver.stop()
  await rm(directory, { recursive: true, force: true })
}

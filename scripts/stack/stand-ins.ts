import type pg from 'pg'
import type { Closing } from './closing.ts'
import { startCron } from './cron/scheduler.ts'
import { startNet } from './net/worker.ts'

/** Starts the stand-ins of pg_cron and pg_net, each only where the database lacks the real extension. */
export const startStandIns = async (o: {
  adminUrl: string
  sql: pg.Pool
  cron: boolean
  log: (line: string) => void
  closing: Closing
}) => {
  const { rows } = await o.sql.query<{ name: string }>(
    "select name from pg_available_extensions where name in ('pg_cron', 'pg_net')",
  )
  const real = new Set(rows.map((row) => row.name))
  const options = { adminUrl: o.adminUrl, log: o.log }
  if (!real.has('pg_net')) o.closing.add((await startNet(options)).close)
  if (o.cron && !real.has('pg_cron')) o.closing.add((await startCron(options)).close)
}

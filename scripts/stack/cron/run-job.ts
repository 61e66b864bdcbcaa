import { Client, type Pool, type QueryResult } from 'pg'

export type Job = {
  jobid: string
  schedule: string
  command: string
  database: string
  username: string
}

type Outcome = { status: 'succeeded' | 'failed'; message: string }

/** Where a job connects: its own database, as its own role. Every role has the same password. */
export function jobUrl(adminUrl: string, job: Pick<Job, 'database' | 'username'>): string {
  const url = new URL(adminUrl)
  url.username = encodeURIComponent(job.username)
  url.pathname = `/${encodeURIComponent(job.database)}`
  return url.href
}

/** Runs a job once on a connection of its own and records it in cron.job_run_details. */
export async function runJob(pool: Pool, adminUrl: string, job: Job, signal: AbortSignal) {
  const client = new Client({
    connectionString: jobUrl(adminUrl, job),
    application_name: `pg_cron ${job.jobid}`,
  })
  // A client that is ended while it connects never settles its connect().
  let interrupt = (_reason: Error) => {}
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = reject
  })
  const stop = () => {
    interrupt(new Error('the scheduler stopped'))
    client.end().catch(() => {})
  }
  client.on('error', () => {})
  signal.addEventListener('abort', stop, { once: true })
  try {
    const work = client.connect().then(() => client.query(job.command))
    const outcome = Promise.race([work, interrupted]).then(succeeded, failed)
    const runid = await recordStart(pool, job)
    await recordEnd(pool, runid, await outcome, client)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

const failed = (error: Error): Outcome => ({
  status: 'failed',
  message: `ERROR:  ${error.message}\n`,
})

const succeeded = (result: QueryResult | QueryResult[]): Outcome => ({
  status: 'succeeded',
  message: describe(Array.isArray(result) ? result.at(-1) : result),
})

function describe(result: QueryResult | undefined): string {
  if (!result) return ''
  const count = result.rowCount ?? 0
  if (result.fields.length > 0) return `${count} row${count === 1 ? '' : 's'}`
  return result.rowCount === null ? result.command : `${result.command} ${count}`
}

async function recordStart(pool: Pool, job: Job): Promise<string> {
  const { rows } = await pool.query<{ runid: string }>(
    `insert into cron.job_run_details (jobid, database, username, command, status, start_time)
     values ($1, $2, $3, $4, 'running', clock_timestamp()) returning runid`,
    [job.jobid, job.database, job.username, job.command],
  )
  return rows[0]?.runid ?? ''
}

async function recordEnd(pool: Pool, runid: string, outcome: Outcome, client: Client) {
  const { processID } = client as unknown as { processID: number | null }
  await pool.query(
    `update cron.job_run_details
     set status = $2, return_message = $3, job_pid = $4, end_time = clock_timestamp()
     where runid = $1`,
    [runid, outcome.status, outcome.message, processID],
  )
}

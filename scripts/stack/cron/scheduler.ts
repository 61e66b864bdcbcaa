import { Pool } from 'pg'
import { keepListening } from '../platform/listener.ts'
import { type Job, runJob } from './run-job.ts'
import { nextRun } from './schedule.ts'

const LONGEST_TIMER_MS = 3_600_000

type Entry = { job: Job; due: Date | null; running: boolean; late: boolean }
type Options = { adminUrl: string; log: (line: string) => void }

/**
 * Stands in for pg_cron's scheduler: runs the jobs of cron.job at their times. A job never overlaps
 * itself; runs that come due meanwhile become one run right after. Survives restarts of Postgres.
 */
export async function startCron({ adminUrl, log }: Options): Promise<{ close(): Promise<void> }> {
  const pool = new Pool({ connectionString: adminUrl, application_name: 'pg_cron', max: 4 })
  pool.on('error', () => {})
  const entries = new Map<string, Entry>()
  const runs = new Set<Promise<void>>()
  const closing = new AbortController()
  let timer: NodeJS.Timeout | undefined

  const run = async (entry: Entry) => {
    entry.running = true
    do {
      entry.late = false
      await runJob(pool, adminUrl, entry.job, closing.signal).catch((error: Error) =>
        log(`pg_cron: job ${entry.job.jobid}: ${error.message}`),
      )
    } while (entry.late && entries.get(entry.job.jobid) === entry && !closing.signal.aborted)
    entry.running = false
  }

  const start = (entry: Entry) => {
    if (entry.running) {
      entry.late = true
      return
    }
    const finished: Promise<void> = run(entry).finally(() => runs.delete(finished))
    runs.add(finished)
  }

  const fire = () => {
    clearTimeout(timer)
    if (closing.signal.aborted) return
    const now = new Date()
    for (const entry of entries.values()) {
      if (!entry.due || entry.due > now) continue
      entry.due = nextRun(entry.job.schedule, now)
      start(entry)
    }
    const dues = [...entries.values()].flatMap(({ due }) => due?.getTime() ?? [])
    const wait = Math.min(...dues, Date.now() + LONGEST_TIMER_MS) - Date.now()
    timer = setTimeout(fire, Math.max(wait, 0))
  }

  const load = async () => {
    const { rows } = await pool.query<Job>(
      'select jobid, schedule, command, database, username from cron.job where active',
    )
    adopt(entries, rows)
    fire()
  }
  const reload = () => void load().catch((error: Error) => log(`pg_cron: ${error.message}`))

  const listener = await keepListening({
    url: adminUrl,
    channel: 'pg_cron',
    name: 'pg_cron scheduler',
    onReady: () => void failInterrupted(pool, entries).then(reload, reload),
    onNotify: reload,
    log,
  })

  return {
    async close() {
      closing.abort()
      clearTimeout(timer)
      await listener.close()
      await Promise.allSettled(runs)
      await pool.end()
    },
  }
}

/** Takes over the current jobs; one whose schedule is unchanged keeps its place in time. */
function adopt(entries: Map<string, Entry>, jobs: Job[]) {
  const current = new Set(jobs.map((job) => job.jobid))
  for (const id of entries.keys()) if (!current.has(id)) entries.delete(id)
  for (const job of jobs) {
    const entry = entries.get(job.jobid) ?? { job, due: null, running: false, late: false }
    if (!entries.has(job.jobid) || entry.job.schedule !== job.schedule) {
      entry.due = nextRun(job.schedule, new Date())
    }
    entry.job = job
    entries.set(job.jobid, entry)
  }
}

/** Runs left open by a dead server or a dead scheduler have failed, but not those still under way. */
async function failInterrupted(pool: Pool, entries: Map<string, Entry>) {
  const held = [...entries.values()].filter((entry) => entry.running).map(({ job }) => job.jobid)
  await pool.query(
    `update cron.job_run_details
     set status = 'failed', return_message = 'server restarted', end_time = clock_timestamp()
     where status in ('starting', 'running')
       and (start_time < pg_postmaster_start_time() or jobid <> all ($1::bigint[]))`,
    [held],
  )
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startCron } from '../../../scripts/stack/cron/scheduler.ts'
import { connect, databaseUrl, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { asRole } from '../../helpers/in-database.ts'
import { refusalOf } from '../../helpers/refusal.ts'
import { until } from '../../helpers/until.ts'

describe('schedules', () => {
  test.each([
    '60 seconds',
    '0 seconds',
    '* * * *',
    '0 24 * * *',
    '* * 0 * *',
    '*/0 * * * *',
    'soon',
  ])('%s is refused', (schedule) =>
    withTx(async (tx) => {
      const sql = `select cron.schedule('x', '${schedule}', 'select 1')`
      expect(await refusalOf(tx, sql)).toMatchObject({ message: `invalid schedule: ${schedule}` })
    }),
  )

  test('scheduling under a known name replaces the job', () =>
    withTx(async (tx) => {
      await tx.query(`select cron.schedule('x', '* * * * *', 'select 1')`)
      await tx.query(`select cron.schedule('x', '0 3 $ * *', 'select 2')`)
      const { rows } = await tx.query(`select schedule, command from cron.job where jobname = 'x'`)
      expect(rows).toEqual([{ schedule: '0 3 $ * *', command: 'select 2' }])
    }))

  test('unscheduling what is not there is refused', () =>
    withTx(async (tx) => {
      const refusal = await refusalOf(tx, `select cron.unschedule('nothing')`)
      expect(refusal.message).toBe(`could not find valid entry for job 'nothing'`)
    }))
})

describe('a running scheduler', () => {
  let cron: Awaited<ReturnType<typeof startCron>>
  let client: Tx

  const runs = async (job: string) => {
    const { rows } = await client.query(
      `select details.* from cron.job_run_details as details
       join cron.job using (jobid) where jobname = $1 order by runid`,
      [job],
    )
    return rows
  }
  const finished = (job: string, count: number) =>
    until(`${count} runs of ${job}`, async () => {
      const rows = (await runs(job)).filter((row) => row.end_time)
      return rows.length >= count && rows
    })

  beforeEach(async () => {
    client = await connect()
    await client.query('select cron.unschedule(jobid) from cron.job')
    await client.query('create table if not exists public.seen (at timestamptz default now())')
    await client.query('truncate public.seen')
    cron = await startCron({
      adminUrl: asRole(await databaseUrl(), 'supabase_admin'),
      log: () => {},
    })
  })
  afterEach(async () => {
    await cron.close()
    await disconnect(client)
  })

  test('runs a job as its user and records it', async () => {
    await client.query(
      `select cron.schedule('x', '1 second', 'insert into public.seen default values')`,
    )
    const [run] = await finished('x', 1)
    expect(run).toMatchObject({
      status: 'succeeded',
      return_message: 'INSERT 1',
      username: 'postgres',
    })
    expect((await client.query('select from public.seen')).rowCount).toBeGreaterThan(0)
  })

  test('records a failure with its message', async () => {
    await client.query(`select cron.schedule('x', '1 second', 'select 1 / 0')`)
    const [run] = await finished('x', 1)
    expect(run).toMatchObject({ status: 'failed', return_message: 'ERROR:  division by zero\n' })
  })

  test('never overlaps a job with itself', async () => {
    await client.query(`select cron.schedule('x', '1 second', 'select pg_sleep(1.5)')`)
    const rows = await finished('x', 3)
    for (const [index, row] of rows.entries()) {
      const next = rows[index + 1]
      if (next) expect(next.start_time >= row.end_time).toBe(true)
    }
  })

  test('stops running an unscheduled job at once', async () => {
    await client.query(
      `select cron.schedule('x', '1 second', 'insert into public.seen default values')`,
    )
    await client.query(`select cron.schedule('y', '1 second', 'select 1')`)
    await finished('x', 1)
    await client.query(`select cron.unschedule('x')`)
    await client.query('truncate public.seen')
    await finished('y', (await runs('y')).length + 2)
    expect((await client.query('select from public.seen')).rowCount).toBe(0)
  })

  test('goes on after all its connections were cut', async () => {
    await client.query(`select cron.schedule('x', '1 second', 'select 1')`)
    await finished('x', 1)
    const admin = await connect('supabase_admin')
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'pg_cron%'`,
    )
    await disconnect(admin)
    await finished('x', (await runs('x')).length + 2)
  })
})

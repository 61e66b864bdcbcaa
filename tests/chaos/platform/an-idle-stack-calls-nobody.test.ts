import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { newSandboxAccount, scheduleAt } from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()

const number = async (sql: string): Promise<number> =>
  Number((await chaos.sql().query<{ count: string }>(sql)).rows[0]?.count)

test('cron makes no HTTP call while nothing is due', async () => {
  const account = await newSandboxAccount(chaos.stack().state)
  await scheduleAt(account, new Date(Date.now() + 3_600_000))
  await until(
    'cron has run each short job three times since then',
    async () => {
      const { rows } = await chaos.sql().query<{ runs: string }>(
        `select min(runs) as runs from (
           select count(details.runid) as runs
           from cron.job
           left join cron.job_run_details as details
             on details.jobid = job.jobid and details.status = 'succeeded'
           where job.schedule like '%seconds'
           group by job.jobid
         ) as counted`,
      )
      return Number(rows[0]?.runs) >= 3
    },
    60_000,
  )
  // The events of the set-up may have rung once; from here on nothing is due.
  const before = await number('select count(*) from net._http_response')
  const ticks = await number('select count(*) from cron.job_run_details')

  await until(
    'cron has gone on for a while',
    async () => (await number('select count(*) from cron.job_run_details')) > ticks + 8,
    60_000,
  )

  expect(await number('select count(*) from net._http_response')).toBe(before)
  expect(await number('select count(*) from net.http_request_queue')).toBe(0)
})

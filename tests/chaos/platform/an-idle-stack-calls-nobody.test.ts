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
  const { rows } = await chaos.sql().query<{ now: Date }>('select clock_timestamp() as now')
  const choresWereDone = (times: number) =>
    until(
      `the heartbeats did every chore ${times} times since then`,
      async () => {
        const { rows: slow } = await chaos.sql().query(
          `select name from private.chores
           where coalesce(done_at < $1::timestamptz + every * $2::int, true)`,
          [rows[0]?.now, times],
        )
        return slow.length === 0
      },
      60_000,
    )
  await choresWereDone(2)
  // The events of the set-up may have rung once; from here on nothing is due.
  const before = await number('select count(*) from net._http_response')
  await choresWereDone(3)

  expect(await number('select count(*) from net._http_response')).toBe(before)
  expect(await number('select count(*) from net.http_request_queue')).toBe(0)
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useOwnStack } from '../../helpers/own-stack.ts'
import { until } from '../../helpers/until.ts'

const stack = useOwnStack({ functions: false })
const received: (string | undefined)[] = []
let server: Server
let address: string

beforeAll(async () => {
  server = createServer((request, response) => {
    received.push(request.url)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const query = async (sql: string, values: unknown[] = []) => {
  const client = new Client({ connectionString: stack().state.db_url })
  await client.connect()
  return client.query(sql, values).finally(() => client.end())
}

const succeededRuns = async () => {
  const { rows } = await query(
    `select count(*)::int as count from cron.job_run_details
     join cron.job using (jobid) where jobname = 'chaos' and status = 'succeeded'`,
  )
  return rows[0].count as number
}

test.each(['fast', 'immediate'] as const)(
  'jobs run and requests leave after a restart in mode %s',
  async (mode) => {
    await query(`select cron.schedule('chaos', '1 second', 'select 1')`)
    await until('a first run', async () => (await succeededRuns()) > 0)

    await stack().postgres.restart(mode)

    const before = await succeededRuns()
    await until('two more runs', async () => (await succeededRuns()) >= before + 2)
    await query('select net.http_get($1)', [`${address}/${mode}`])
    await until('the request', () => received.includes(`/${mode}`))
    expect(received.filter((url) => url === `/${mode}`)).toHaveLength(1)
  },
)

test('a run that a crash cut short is recorded as failed', async () => {
  await query(`select cron.schedule('long', '1 second', 'select pg_sleep(60)')`)
  const details = (status: string) =>
    query(
      `select return_message from cron.job_run_details join cron.job using (jobid)
       where jobname = 'long' and status = $1`,
      [status],
    )
  await until('the long run', async () => (await details('running')).rowCount === 1)
  await stack().postgres.restart('immediate')
  const { rows } = await until('its failure', async () => {
    const result = await details('failed')
    return (result.rowCount ?? 0) > 0 && result
  })
  expect(rows[0].return_message).not.toBe('')
})

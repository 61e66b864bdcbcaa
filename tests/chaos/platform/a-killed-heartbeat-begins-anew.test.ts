import { expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { until } from '../../helpers/until.ts'

const chaos = useChaosStack()

const lastDone = async (): Promise<number> => {
  const { rows } = await chaos
    .sql()
    .query<{ last: Date | null }>(
      `select min(coalesce(done_at, 'epoch')) as last from private.chores where every = '2 seconds'`,
    )
  return rows[0]?.last?.getTime() ?? 0
}

/** Ends the connections of both heartbeats; returns how many there were. */
const killHeartbeats = async (): Promise<number> => {
  const { rows } = await chaos.sql().query<{ pid: number }>(
    `select pid, pg_terminate_backend(pid) from pg_stat_activity
     where state = 'active' and query like '%do $beat$%' and pid <> pg_backend_pid()`,
  )
  return rows.length
}

test('heartbeats that are killed are back within seconds, and there are never more than two', async () => {
  for (const kill of [1, 2, 3]) {
    const before = await lastDone()
    await until('both beat', async () => (await lastDone()) > before, 20_000)
    expect(await killHeartbeats(), `before kill ${kill}`).toBe(2)
    const killedAt = Date.now()
    await until('both beat again', async () => (await lastDone()) > killedAt, 10_000)
  }
})

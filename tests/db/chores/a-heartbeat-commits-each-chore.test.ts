import { expect, test } from 'vitest'
import { connect } from '../../helpers/database.ts'
import { until } from '../../helpers/until.ts'

const HEARTBEATS = ['publishing', 'others']

for (const heartbeat of HEARTBEATS) {
  test(`the heartbeat of ${heartbeat} does its chores again and again on one connection`, async () => {
    const [beating, sql] = [await connect(), await connect()]
    const pid = (await beating.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]
      ?.pid
    const { rows } = await sql.query<{ command: string }>(
      'select command from cron.job where jobname = $1',
      [`myposts-heartbeat-${heartbeat}`],
    )
    const ended = beating.query(rows[0]?.command ?? '').catch((error: Error) => error.message)
    const times = async (column: string) =>
      (
        await sql.query<{ name: string; time: Date | null }>(
          `select name, ${column} as time from private.chores where heartbeat = $1 order by name`,
          [heartbeat],
        )
      ).rows
    const doneAfter = async (what: string, ms: number) =>
      until(what, async () =>
        (await times('done_at')).every(({ time }) => time !== null && time.getTime() > ms),
      )

    await doneAfter('every chore is done', 0)
    const first = Math.max(...(await times('done_at')).map(({ time }) => time?.getTime() ?? 0))
    await doneAfter('every chore is done again', first)

    await sql.query('select pg_terminate_backend($1)', [pid])
    expect(await ended).toMatch('terminating connection')
  })
}

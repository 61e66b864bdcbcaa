import { until } from '../../helpers/until.ts'
import { comparePublished, type Sent } from './published.ts'
import { GIVE_UP_MS, isNone, letQuietTimePass, TEXTS, untilHalfWay } from './recovery.ts'
import { type Bench, scheduleSpike } from './spike.ts'

export type Kill = Sent & {
  /** From the SIGKILL until every unsent post was sent and every started one visibly unconfirmed. */
  recoveredSeconds: number
  /** Started ones whose answer died with the worker. */
  unconfirmed: number
}

/** A spike whose worker is killed half way. What was sent is found on X, and the rest goes out. */
export const runKill = async (bench: Bench, name: string, count: number): Promise<Kill> => {
  const { host, sql, x } = bench
  const due = await scheduleSpike(bench, name, count)
  await untilHalfWay(sql, count)
  await host.killWorkers('publish')
  const killedAt = Date.now()

  const open = `select from public.posts where id in (${TEXTS}) and status in ('scheduled', 'publishing')`
  await until('it has recovered', () => isNone(sql, open, [name]), GIVE_UP_MS)
  const recoveredSeconds = (Date.now() - killedAt) / 1000
  const { rows } = await sql.query<{ unconfirmed: number }>(
    `select count(*)::int as unconfirmed from public.posts where id in (${TEXTS}) and status = 'unconfirmed'`,
    [name],
  )
  await letQuietTimePass(sql, name)
  const sent = await comparePublished(sql, x, { name, since: due - 60_000 })
  return { ...sent, recoveredSeconds, unconfirmed: rows[0]?.unconfirmed ?? 0 }
}

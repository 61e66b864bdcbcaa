import type pg from 'pg'
import { until } from '../../helpers/until.ts'
import { comparePublished, type Sent } from './published.ts'
import { type Bench, scheduleSpike } from './spike.ts'

const GIVE_UP_MS = 120_000
const TEXTS = `select post_id from public.post_segments where text like $1 || ' post %'`

export type Kill = Sent & {
  /** From the SIGKILL until every unsent post was sent and every started one visibly unconfirmed. */
  recoveredSeconds: number
  /** Started ones whose answer died with the worker. */
  unconfirmed: number
}

const isNone = async (sql: pg.ClientBase, from: string, values: unknown[]): Promise<boolean> => {
  const { rows } = await sql.query<{ found: boolean }>(`select exists (${from}) as found`, values)
  return rows[0]?.found === false
}

/** A spike whose worker is killed half way. What was sent is found on X, and the rest goes out. */
export const runKill = async (bench: Bench, name: string, count: number): Promise<Kill> => {
  const { host, sql, x } = bench
  const due = await scheduleSpike(bench, name, count)
  await until('half of the posts are out', () => isHalfWay(sql, count), GIVE_UP_MS)
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

/** Half of the posts have left, and others are just leaving. */
const isHalfWay = async (sql: pg.ClientBase, count: number): Promise<boolean> => {
  const { rows } = await sql.query<{ is_half_way: boolean }>(
    `select (select count(*) from private.publish_jobs) <= $1
       and exists (select from private.live_attempts where next_look_at is null) as is_half_way`,
    [count / 2],
  )
  return rows[0]?.is_half_way === true
}

// The killed worker sends nothing any more, so its seven quiet minutes need not be waited out.
const letQuietTimePass = (sql: pg.ClientBase, name: string) =>
  until(
    'every post is published',
    async () => {
      await sql.query(`update private.live_attempts
        set sending_at = sending_at - interval '500 s', next_look_at = now()
        where next_look_at is not null and look_id is null
          and sending_at > now() - interval '500 s'`)
      await sql.query(`update private.live_attempts set next_look_at = now()
        where next_look_at > now() + interval '5 s' and look_id is null`)
      return isNone(
        sql,
        `select from public.posts where id in (${TEXTS}) and status <> 'published'`,
        [name],
      )
    },
    GIVE_UP_MS,
  )

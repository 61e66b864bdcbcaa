import type pg from 'pg'
import { until } from '../../helpers/until.ts'

export const GIVE_UP_MS = 120_000
/** Posts of the batch whose name is $1. */
export const TEXTS = `select post_id from public.post_segments where text like $1 || ' post %'`

export const isNone = async (
  sql: pg.ClientBase,
  from: string,
  values: unknown[],
): Promise<boolean> => {
  const { rows } = await sql.query<{ found: boolean }>(`select exists (${from}) as found`, values)
  return rows[0]?.found === false
}

/** Resolves when half of the posts have left and others are just leaving. */
export const untilHalfWay = (sql: pg.ClientBase, count: number) =>
  until('half of the posts are out', () => isHalfWay(sql, count), GIVE_UP_MS)

const isHalfWay = async (sql: pg.ClientBase, count: number): Promise<boolean> => {
  const { rows } = await sql.query<{ is_half_way: boolean }>(
    `select (select count(*) from private.publish_jobs) <= $1
       and exists (select from private.live_attempts where next_look_at is null) as is_half_way`,
    [count / 2],
  )
  return rows[0]?.is_half_way === true
}

/** What was killed sends nothing any more, so its seven quiet minutes need not be waited out. */
export const letQuietTimePass = (sql: pg.ClientBase, name: string) =>
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

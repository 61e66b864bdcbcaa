import type pg from 'pg'
import { expect } from 'vitest'
import type { Batch, Chaos } from './chaos-batch.ts'
import { until } from './until.ts'

/** A database that is away just now has no answer; the question is asked again. */
const ask = async <Row extends object>(
  chaos: Chaos,
  sql: string,
  values: unknown[],
): Promise<Row[] | undefined> => {
  const answer = chaos.sql().query(sql, values) as Promise<pg.QueryResult<Row>>
  return answer.then(
    ({ rows }) => rows,
    () => undefined,
  )
}

export const acceptedOf = async (chaos: Chaos, { name }: Batch): Promise<string[]> =>
  (await chaos.x().acceptedByAll())
    .map(({ text }) => text)
    .filter((text) => text.startsWith(`${name} `))

/** Sending has begun: so many of the batch are on X. */
export const untilAccepted = (chaos: Chaos, batch: Batch, count: number) =>
  until(
    `X has ${count} posts`,
    async () => (await acceptedOf(chaos, batch)).length >= count,
    60_000,
  )

// Due, and nobody knows of it: not sent, no worker's, and not unconfirmed with a next look.
const STRANDED = `
  select posts.id, posts.status, jobs.state as job, jobs.run_at, lanes.ready_at, lanes.closed_by
  from public.posts
  left join private.publish_jobs as jobs on jobs.post_id = posts.id
  left join private.account_lanes as lanes on lanes.account_id = posts.account_id
  where posts.id = any ($1)
    and posts.scheduled_at <= clock_timestamp()
    and posts.status <> 'published'
    and not coalesce(lanes.lease_expires_at > clock_timestamp(), false)
    and not exists (
      select from private.live_attempts as live
      where live.post_id = posts.id
        and case when live.next_look_at is null then live.deadline_at > clock_timestamp()
          else posts.status = 'unconfirmed' end
    )`

/** 15 s after the last blow no due post is stranded (design: neither sent, nor leased, nor looked for). */
export const expectNoneStranded = async (chaos: Chaos, batch: Batch): Promise<void> => {
  let stranded: object[] | undefined
  const isClear = async () => {
    stranded = await ask(chaos, STRANDED, [batch.ids])
    return stranded?.length === 0 && Date.now() > batch.lastDue
  }
  await until(
    'no post is stranded',
    isClear,
    15_000 + Math.max(0, batch.lastDue - Date.now()),
  ).catch(() => expect(stranded).toEqual([]))
}

// A worker POSTs within 8 s of its Go or not at all (lease 30 s less the longest request and a margin),
// and none of ours is frozen here: after 10 s what is still open may be looked for, and its quiet time
// may pass, as if the minutes had gone by.
const LET_TIME_PASS = `
  update private.live_attempts
  set
    deadline_at = least(deadline_at, now()),
    sending_at = case when next_look_at is not null and sending_at > now() - interval '500 s'
      then sending_at - interval '500 s' else sending_at end,
    next_look_at = case when next_look_at > now() then now() else next_look_at end
  where sending_at < now() - interval '10 s'
    and look_id is null
    and case when next_look_at is null then deadline_at > now()
      else next_look_at > now() + interval '1 s' and next_look_at < 'infinity' end`

/** Every post of the batch is published in the end: 0 lost. And X has each once: 0 twice. */
export const expectOnceEach = async (chaos: Chaos, batch: Batch): Promise<void> => {
  const open = `select posts.status, posts.held_reason, posts.failure, to_jsonb(jobs) as job,
      to_jsonb(live) as attempt, to_jsonb(lanes) as lane,
      (select jsonb_agg(alerts) from private.alerts) as alerts
    from public.posts
    left join private.publish_jobs as jobs on jobs.post_id = posts.id
    left join private.live_attempts as live on live.post_id = posts.id
    left join private.account_lanes as lanes on lanes.account_id = posts.account_id
    where posts.id = any ($1) and posts.status <> 'published' limit 3`
  let left: object[] | undefined
  const isDone = async () => {
    await ask(chaos, LET_TIME_PASS, [])
    left = await ask(chaos, open, [batch.ids])
    return left?.length === 0
  }
  await until('every post is published', isDone, 75_000).catch(() => expect(left).toEqual([]))
  const accepted = await acceptedOf(chaos, batch)
  const times = Map.groupBy(accepted, (text) => text)
  expect({
    twice: [...times.values()].filter(({ length }) => length > 1).map(([text]) => text),
    lost: batch.texts.filter((text) => !times.has(text)),
  }).toEqual({ twice: [], lost: [] })
}

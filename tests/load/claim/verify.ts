import type { Client } from 'pg'

export type Verified = { noDuplicates: boolean; noneLost: boolean }

/** Every post that was due is published, by one attempt, and nothing of it is left in the queue. */
export const verify = async (sql: Client): Promise<Verified> => {
  const { rows } = await sql.query<{ doubled: boolean; lost: boolean }>(
    `select
       exists (
         select from public.publish_attempts
         where post_id >= private.uuid_v7_floor(private.month_floor(now())) and number > 1
       ) as doubled,
       exists (
         select from public.posts where scheduled_at <= now() and status <> 'published'
       ) or exists (select from private.live_attempts) as lost`,
  )
  return { noDuplicates: rows[0]?.doubled === false, noneLost: rows[0]?.lost === false }
}

import type pg from 'pg'
import type { AcceptedPost, ControlX } from '../support/control-x.ts'

export type Sent = {
  /** Accepted by X minus scheduled, milliseconds; negative would be early. */
  lateMs: number[]
  noDuplicates: boolean
  noneLost: boolean
}

/**
 * Compares what X truly accepted of a batch with what the database says: every post once on X, and
 * published under the id X gave it. One account may be left out.
 */
export const comparePublished = async (
  sql: pg.ClientBase,
  x: ControlX,
  batch: { name: string; since: number; withoutAccount?: string },
): Promise<Sent> => {
  const ours = `${batch.name} post `
  const { rows: posts } = await sql.query<{
    text: string
    due: Date
    status: string
    remote_id: string | null
  }>(
    `select segments.text, posts.scheduled_at as due, posts.status, segments.remote_id
     from public.posts
     join public.post_segments as segments on segments.post_id = posts.id
     where segments.text like $1 || '%' and posts.account_id is distinct from $2`,
    [ours, batch.withoutAccount ?? null],
  )
  const texts = new Set(posts.map(({ text }) => text))
  const accepted = (await x.acceptedSince(batch.since)).filter(({ text }) => texts.has(text))
  const byText = Map.groupBy(accepted, ({ text }) => text)
  const isWell = (post: (typeof posts)[number]) => {
    const [first] = byText.get(post.text) ?? []
    return post.status === 'published' && first?.id === post.remote_id
  }
  const lateMs = posts.flatMap(({ text, due }) =>
    (byText.get(text) ?? []).map(({ at }: AcceptedPost) => at - due.getTime()),
  )
  return {
    lateMs,
    noDuplicates: accepted.length === byText.size,
    noneLost: posts.length > 0 && posts.every(isWell),
  }
}

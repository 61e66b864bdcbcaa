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
 * published under the id X gave it.
 */
export const comparePublished = async (
  sql: pg.ClientBase,
  x: ControlX,
  batch: { name: string; since: number },
): Promise<Sent> => {
  const ours = `${batch.name} post `
  const accepted = (await x.acceptedSince(batch.since)).filter(({ text }) => text.startsWith(ours))
  const byText = Map.groupBy(accepted, ({ text }) => text)
  const { rows: posts } = await sql.query<{
    text: string
    due: Date
    status: string
    remote_id: string | null
  }>(
    `select segments.text, posts.scheduled_at as due, posts.status, segments.remote_id
     from public.posts
     join public.post_segments as segments on segments.post_id = posts.id
     where segments.text like $1 || '%'`,
    [ours],
  )
  const isWell = (post: (typeof posts)[number]) => {
    const [first] = byText.get(post.text) ?? []
    return post.status === 'published' && first?.id === post.remote_id
  }
  const lateMs = posts.flatMap(({ text, due }) =>
    (byText.get(text) ?? []).map(({ at }: AcceptedPost) => at - due.getTime()),
  )
  return {
    lateMs,
    noDuplicates: accepted.length === byText.size && accepted.length <= posts.length,
    noneLost: posts.length > 0 && posts.every(isWell),
  }
}

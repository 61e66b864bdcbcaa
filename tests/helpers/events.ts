import { randomUUID } from 'node:crypto'
import type { Tx } from './database.ts'

/** Writes an event in the running transaction, as state changes do. Returns its id. */
export async function emitEvent(tx: Tx, workspaceId: string, subjectId = randomUUID()) {
  const { rows } = await tx.query<{ id: string }>(
    `insert into public.events (workspace_id, type, subject_type, subject_id)
     values ($1, 'post.created', 'post', $2) returning id`,
    [workspaceId, subjectId],
  )
  return rows[0]?.id ?? ''
}

/** Runs the sequencer. Returns how many events it stamped. */
export const stampEvents = async (tx: Tx, limit = 5000): Promise<number> =>
  (await tx.query<{ stamped: number }>('select private.stamp_events($1) as stamped', [limit]))
    .rows[0]?.stamped ?? 0

export type ListedEvent = { id: string; sequence: number; type: string; subject_id: string }

/** A page of GET /events, as its caller sees it. */
export const listEvents = async (
  tx: Tx,
  workspaceId: string,
  after = 0,
  limit = 100,
): Promise<ListedEvent[]> =>
  (
    await tx.query<{ page: { events: ListedEvent[] } }>(
      'select public.list_events($1, $2, $3) as page',
      [workspaceId, after, limit],
    )
  ).rows[0]?.page.events ?? []

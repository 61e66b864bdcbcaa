import type { Caller } from '../db/caller.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { Event } from './event.ts'
import type { EventType } from './event-types.ts'

export type EventFilter = { types?: EventType[]; subject_id?: string; account_id?: string }

/** `readTo`: the last sequence that was looked at, whether or not it matched; null when there is none. */
export type EventPage = { events: Event[]; readTo: number | null; hasMore: boolean }

type Answer = { events: unknown[]; read_to: number | null; has_more: boolean }

/**
 * At most `count` events of a workspace (null: the personal one) after a sequence (null: from where
 * the log begins), oldest first. With a filter a page may be short, or empty, with more to come.
 */
export const listEvents = async (
  caller: Caller,
  workspaceId: string | null,
  after: number | null,
  count: number,
  filter: EventFilter = {},
): Promise<EventPage> => {
  const answer = await caller.rpc<Answer>('list_events', {
    p_workspace_id: workspaceId,
    p_after: after,
    p_limit: count,
    p_filter: filter,
  })
  if (answer.read_to === null) await requireVisible(caller, workspaceId)
  const events = answer.events.map((row) => Event.parse(row))
  return { events, readTo: answer.read_to, hasMore: answer.has_more }
}

import { ACCOUNTS } from '../database/fixture.ts'
import type { Lane, Snapshot } from '../database/snapshot.ts'
import type { XState } from '../x/x-state.ts'

/** Changes nobody may miss. */
const TOLD = new Set([
  'published',
  'failed',
  'held',
  'missed',
  'canceled',
  'unconfirmed',
  'partially_published',
])

/** Alerts that say the product met something it does not understand. */
const FAULTS = new Set(['result-refused', 'go-refused', 'rescue-failed', 'late-policy-failed'])

const count = (state: Snapshot, id: string, type: string) => state.events[id]?.[type] ?? 0

export const eventsTell = (before: Snapshot, after: Snapshot): string[] => {
  const was = new Map(before.posts.map(({ id, status }) => [id, status]))
  return after.posts.flatMap(({ id, status }) => {
    if (!TOLD.has(status) || was.get(id) === status) return []
    const type = `post.${status}`
    return count(after, id, type) > count(before, id, type)
      ? []
      : [`post ${id} went from ${was.get(id)} to ${status} without an event`]
  })
}

export const publishedOnce = (after: Snapshot): string[] =>
  after.posts.flatMap(({ id }) =>
    count(after, id, 'post.published') > 1 ? [`post ${id} was announced twice as published`] : [],
  )

export const alertsAreForeseen = (after: Snapshot): string[] =>
  after.alerts
    .filter(([kind]) => FAULTS.has(kind))
    .map(([kind, subject, detail]) => `alert ${kind} ${subject}: ${detail}`)

/** An account asks for its owner only when X has really refused its grant for good. */
export const reauthIsDeserved = (before: Snapshot, after: Snapshot, x: XState): string[] => {
  const was = new Map(before.accounts.map(({ id, status }) => [id, status]))
  return after.accounts.flatMap(({ id, status }) => {
    // A restored past cannot refresh its tokens, and gives an account up once they have ended.
    if (status !== 'needs_reauth' || was.get(id) === status || before.held) return []
    const isUnread = ({ account, closed }: Lane) => account === id && closed.includes('restored')
    if (before.lanes.some(isUnread)) return []
    const account = ACCOUNTS.find((each) => each.id === id)
    return account && x.hasDeadFamily(account.remoteUserId)
      ? []
      : [`${account?.name} asks for its owner though X has not refused its grant`]
  })
}

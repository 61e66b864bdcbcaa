import type { Snapshot } from '../database/snapshot.ts'

const indexes = new WeakMap<object, Map<string, unknown>>()

/** Rows that a step left alone are the same array in the next state, and indexed once. */
const keyed = <T>(rows: T[], key: (row: T) => string): Map<string, T> => {
  const known = indexes.get(rows) as Map<string, T> | undefined
  const index = known ?? new Map(rows.map((row) => [key(row), row]))
  indexes.set(rows, index)
  return index
}

export const segmentKey = ({ post, position }: { post: string; position: number }) =>
  `${post} ${position}`
export const attemptKey = (row: { post: string; position: number; number: number }) =>
  `${segmentKey(row)} ${row.number}`

/** A snapshot's rows by their keys. */
export const indexRows = (state: Snapshot) => ({
  posts: keyed(state.posts, ({ id }) => id),
  segments: keyed(state.segments, segmentKey),
  attempts: keyed(state.attempts, attemptKey),
  live: keyed(state.live, segmentKey),
  jobs: keyed(state.jobs, ({ post }) => post),
  lanes: keyed(state.lanes, ({ account }) => account),
  accounts: keyed(state.accounts, ({ id }) => id),
})

export const indexDeliveries = (state: Snapshot) => ({
  deliveries: keyed(state.deliveries, ({ id }) => id),
  errands: keyed(state.errands, ({ delivery }) => delivery),
  endpoints: keyed(state.endpoints, ({ id }) => id),
  hooks: keyed(state.hooks, ({ endpoint }) => endpoint),
})

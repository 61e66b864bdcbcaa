import type { Context } from 'hono'
import { encodeCursor } from './cursor.ts'

export type Page<Row> = { data: Row[]; next_cursor: string | null; has_more: boolean }

/** Cuts `limit + 1` rows read into a page, and links the next one (RFC 8288). */
export const paginate = <Row>(
  c: Context,
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => unknown,
  parameter = 'cursor',
): Page<Row> => {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const hasMore = rows.length > limit
  if (!hasMore || !last) return { data, next_cursor: null, has_more: false }
  const cursor = encodeCursor(keyOf(last))
  linkNext(c, parameter, cursor)
  return { data, next_cursor: cursor, has_more: true }
}

/** Adds `Link: <…>; rel="next"`, relative to the request so that no proxy's host leaks into it. */
export const linkNext = (c: Context, parameter: string, cursor: string): void => {
  const query = new URLSearchParams(c.req.query())
  query.set(parameter, cursor)
  c.header('link', `<?${query}>; rel="next"`)
}

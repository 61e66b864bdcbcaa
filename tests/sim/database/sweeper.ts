import type { Client } from 'pg'

const SIZES = `select oid::regclass::text as name, pg_relation_size(oid)::integer as size
  from pg_class
  where relkind = 'r' and relnamespace in
    ('private'::regnamespace, 'public'::regnamespace, 'net'::regnamespace)`

/** What tables may grow by before they are swept: sweeping one makes its plans anew, a third of a seed's time. */
const MOST_GROWTH = 40 * 8192

/** Gives back what seeds left of rows that were never committed. Call it between two seeds. */
export const createSweeper = async (client: Client) => {
  const sizes = async () => {
    const { rows } = await client.query<{ name: string; size: number }>(SIZES)
    return rows
  }
  await client.query('vacuum')
  const before = new Map((await sizes()).map(({ name, size }) => [name, size]))

  return async (): Promise<void> => {
    const grown = (await sizes()).filter(
      ({ name, size }) => size > (before.get(name) ?? 0) + MOST_GROWTH,
    )
    if (grown.length > 0) await client.query(`vacuum ${grown.map(({ name }) => name).join(', ')}`)
  }
}

import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { inTransaction } from '../in-transaction.ts'
import type { Claims } from './claims.ts'
import { refusal } from './refusal.ts'

type Extension = 'broadcast' | 'presence'
type Access = { read: boolean; write: boolean }

/** What the policies on realtime.messages let one caller do on one topic. */
export type Permissions = Record<Extension, Access>

export type Authorize = (claims: Claims, topic: string) => Promise<Permissions>

const EXTENSIONS: Extension[] = ['broadcast', 'presence']
const NO_SUCH_ROLE = '22023'
const POLICY_TIMEOUT_MS = '5000'

const NOTHING: Permissions = {
  broadcast: { read: false, write: false },
  presence: { read: false, write: false },
}

const seed = async (client: PoolClient, topic: string) => {
  const { rows } = await client.query<{ id: string }>(
    `insert into realtime.messages (topic, extension)
     values ($1, 'broadcast'), ($1, 'presence') returning id`,
    [topic],
  )
  return rows.map((row) => row.id)
}

const become = (client: PoolClient, claims: Claims, topic: string) =>
  client.query(
    `select set_config('role', $1, true), set_config('realtime.topic', $2, true),
       set_config('request.jwt.claims', $3, true), set_config('request.headers', '{}', true),
       set_config('statement_timeout', $4, true)`,
    [claims.role, topic, JSON.stringify(claims), POLICY_TIMEOUT_MS],
  )

const readable = async (client: PoolClient, topic: string, ids: string[]) => {
  await client.query('savepoint reading')
  try {
    const { rows } = await client.query<{ extension: string }>(
      'select extension from realtime.messages where topic = $1 and id = any ($2)',
      [topic, ids],
    )
    return new Set(rows.map((row) => row.extension))
  } catch {
    await client.query('rollback to savepoint reading')
    return new Set<string>()
  }
}

const writable = async (client: PoolClient, topic: string, extension: Extension) => {
  await client.query('savepoint writing')
  try {
    await client.query('insert into realtime.messages (topic, extension) values ($1, $2)', [
      topic,
      extension,
    ])
    return true
  } catch {
    return false
  } finally {
    await client.query('rollback to savepoint writing')
  }
}

const probe = async (client: PoolClient, claims: Claims, topic: string): Promise<Permissions> => {
  const ids = await seed(client, topic)
  await become(client, claims, topic)
  const reads = await readable(client, topic, ids)
  const writes = new Set<string>()
  for (const extension of EXTENSIONS) {
    if (await writable(client, topic, extension)) writes.add(extension)
  }
  const access = (extension: Extension): Access => ({
    read: reads.has(extension),
    write: writes.has(extension),
  })
  return { broadcast: access('broadcast'), presence: access('presence') }
}

/**
 * Asks the RLS policies on realtime.messages what a caller may do on a topic, in a transaction as
 * the token's role that is always rolled back. A policy that raises counts as a refusal, and so
 * does an unknown role; a database that cannot be asked throws a refusal of its own.
 */
export const createAuthorize =
  (sql: Pool): Authorize =>
  async (claims, topic) => {
    try {
      return await inTransaction(sql, (client) => probe(client, claims, topic), 'rollback')
    } catch (error) {
      if (error instanceof DatabaseError && error.code === NO_SUCH_ROLE) return NOTHING
      throw refusal(
        'UnableToConnectToProject',
        'Realtime was unable to connect to the project database',
      )
    }
  }

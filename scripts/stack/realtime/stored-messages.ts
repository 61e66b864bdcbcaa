import type { Pool } from 'pg'
import type { Broadcast } from './frames.ts'

/** Where a stored message lies: its id and the time its day's partition is found by. */
export type Address = { id: string; insertedAt: string }

/** A committed row of realtime.messages that somebody may want. */
export type StoredMessage = { id: string; topic: string; isPrivate: boolean; broadcast: Broadcast }

type Row = {
  id: string
  topic: string
  private: boolean | null
  event: string | null
  json: string | null
  binary_payload: Buffer | null
}

const toMessage = (row: Row): StoredMessage => {
  const { id, topic } = row
  const event = row.event ?? ''
  const broadcast: Broadcast = row.binary_payload
    ? { id, event, encoding: 'binary', body: row.binary_payload }
    : { id, event, json: row.json ?? 'null' }
  return { id, topic, isPrivate: row.private ?? false, broadcast }
}

/** Reads messages by address, in the order asked for; JSON stays the text Postgres wrote. */
export const readMessages = async (sql: Pool, addresses: Address[]): Promise<StoredMessage[]> => {
  const { rows } = await sql.query<Row>(
    `select m.id, m.topic, m.private, m.event, m.payload::text as json, m.binary_payload
     from unnest($1::uuid[], $2::timestamp[]) with ordinality as wanted (id, inserted_at, place)
     join realtime.messages as m using (id, inserted_at)
     where m.extension = 'broadcast'
     order by wanted.place`,
    [addresses.map(({ id }) => id), addresses.map(({ insertedAt }) => insertedAt)],
  )
  return rows.map(toMessage)
}

/**
 * Finds what was written in the last `ageMs` milliseconds, in order of writing. A transaction has one
 * time; within it `realtime.send` writes each message in a subtransaction of its own. Rows of one statement
 * have no order among themselves. Where a row lies says nothing: it may fill a gap.
 */
export const findRecent = async (sql: Pool, ageMs: number): Promise<Address[]> => {
  const { rows } = await sql.query<{ id: string; inserted_at: string }>(
    `select id, inserted_at::text from realtime.messages
     where inserted_at > localtimestamp - make_interval(secs => $1)
     order by inserted_at, xmin::text::bigint, cmin::text::bigint`,
    [ageMs / 1000],
  )
  return rows.map((row) => ({ id: row.id, insertedAt: row.inserted_at }))
}

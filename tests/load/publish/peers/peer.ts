import type { Client } from 'pg'
import type { PeerJob } from './sender.ts'

/** A queue that sends posts, in a database of its own. Made by what has set up its tables. */
export type Peer = {
  /** Stores jobs that are all due at `due`. */
  enqueue(jobs: PeerJob[], due: Date): Promise<void>
  /** True once every job is durably done. */
  isDrained(sql: Client): Promise<boolean>
  stop(): Promise<void>
}

export const existsIn = async (sql: Client, from: string): Promise<boolean> => {
  const { rows } = await sql.query<{ found: boolean }>(
    `select exists (select from ${from}) as found`,
  )
  return rows[0]?.found === true
}

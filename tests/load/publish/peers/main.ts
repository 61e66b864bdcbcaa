/**
 * One peer in a process of its own: sets it up in an empty database, lets it send warm-up posts, then
 * `posts` that are all due at one instant. Reads a PeerRun from stdin, prints a PeerResult.
 */
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import { poll } from '../../../../scripts/stack/poll.ts'
import { startGraphile } from './graphile.ts'
import type { Peer } from './peer.ts'
import { startPgBoss } from './pg-boss.ts'
import { startRaw } from './raw.ts'
import { createSender, type PeerJob } from './sender.ts'

export const SYSTEMS = { raw: startRaw, graphile: startGraphile, pgboss: startPgBoss }
export type System = keyof typeof SYSTEMS

export type PeerRun = {
  system: System
  databaseUrl: string
  xUrl: string
  warmUp: PeerJob[]
  posts: PeerJob[]
}
/** From the instant the posts were due until the last was durably done. */
export type PeerResult = { ms: number }

const LEAD_MS = 6_000
const GIVE_UP_MS = 180_000

const untilDrained = async (peer: Peer, sql: Client): Promise<number> => {
  const isDrained = () => peer.isDrained(sql)
  if (!(await poll(isDrained, { timeoutMs: GIVE_UP_MS, everyMs: 20 })))
    throw new Error('the peer did not finish')
  return Date.now()
}

const measure = async (order: PeerRun): Promise<PeerResult> => {
  const sql = new Client({ connectionString: order.databaseUrl })
  await sql.connect()
  const peer = await SYSTEMS[order.system](order.databaseUrl, createSender(order.xUrl))
  await peer.enqueue(order.warmUp, new Date())
  await untilDrained(peer, sql)

  const due = new Date(Date.now() + LEAD_MS + order.posts.length * 0.2)
  await peer.enqueue(order.posts, due)
  await sql.query('vacuum analyze')
  await sql.query('checkpoint')
  if (Date.now() > due.getTime() - 500) throw new Error('this machine enqueues too slowly')
  const end = await untilDrained(peer, sql)
  await peer.stop()
  await sql.end()
  return { ms: end - due.getTime() }
}

const result = await measure(JSON.parse(await text(process.stdin)) as PeerRun)
console.log(JSON.stringify(result))
process.exit()

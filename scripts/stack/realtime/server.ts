import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { JSONWebKeySet } from 'jose'
import type { Pool } from 'pg'
import { WebSocketServer } from 'ws'
import { createAuthorize } from './authorize.ts'
import { createBroadcastApi } from './broadcast-api.ts'
import { createClaimsReader } from './claims.ts'
import { serveConnection } from './connection.ts'
import { followMessages } from './follow-messages.ts'
import type { Vsn } from './frames.ts'
import { fanOut, type Hub } from './hub.ts'
import { createPresence } from './presence.ts'
import { createTopics } from './topics.ts'

const MAX_FRAME_BYTES = 3 * 1024 * 1024
const MAINTENANCE_MS = 60_000

export type RealtimeOptions = {
  /** A pool of the superuser: policies are probed as the token's role. */
  sql: Pool
  /** The superuser's URL, for the one connection that listens. */
  adminUrl: string
  jwks: JSONWebKeySet
  apiKeys: { publishable: string; secret: string }
  issuer: string
  /** Channels without `private: true`; off, as operators are told to set it on hosted. */
  allowPublic?: boolean
  log?: (line: string) => void
}

export type Realtime = {
  /** Resolves when messages of the database are being followed. */
  ready: Promise<void>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  fetch(request: Request): Promise<Response>
  close(): Promise<void>
}

const createHub = (options: RealtimeOptions): Hub => ({
  topics: createTopics(),
  presence: createPresence(),
  readClaims: createClaimsReader(options),
  authorize: createAuthorize(options.sql),
  allowPublic: options.allowPublic ?? false,
})

const refuseUpgrade = (socket: Duplex, status: string, error: string) => {
  const body = JSON.stringify({ error })
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nConnection: close`
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

const keepPartitions = (sql: Pool) => {
  const maintain = () =>
    sql.query('select platform.maintain_realtime_messages()').then(
      () => {},
      () => {},
    )
  const timer = setInterval(maintain, MAINTENANCE_MS).unref()
  return { ready: maintain(), stop: () => clearInterval(timer) }
}

/**
 * A stand-in for Supabase Realtime: protocol 2.0.0 (and 1.0.0), broadcast, presence, private
 * channels under the policies on realtime.messages, and broadcast from the database. Paths may
 * carry any prefix before `/websocket` and `/api/broadcast`.
 */
export const createRealtime = (options: RealtimeOptions): Realtime => {
  const hub = createHub(options)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES })
  const partitions = keepPartitions(options.sql)
  const follower = followMessages({
    sql: options.sql,
    adminUrl: options.adminUrl,
    log: options.log ?? (() => {}),
    isWanted: () => !hub.topics.isEmpty(),
    deliver: ({ broadcast, ...to }) => fanOut(hub, to, broadcast),
  })

  const upgrade: Realtime['upgrade'] = async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const url = new URL(request.url ?? '/', 'http://realtime')
    const apiKey = url.searchParams.get('apikey') ?? `${request.headers['x-api-key'] ?? ''}`
    if (!url.pathname.endsWith('/websocket')) {
      return refuseUpgrade(socket, '404 Not Found', 'Not found')
    }
    const isKnown = await hub.readClaims(apiKey).then(Boolean, () => false)
    if (!isKnown) return refuseUpgrade(socket, '401 Unauthorized', 'Invalid API key')
    const vsn: Vsn = url.searchParams.get('vsn')?.startsWith('2.') ? '2.0.0' : '1.0.0'
    sockets.handleUpgrade(request, socket, head, (client) =>
      serveConnection(hub, client, vsn, apiKey),
    )
  }

  const close = async () => {
    partitions.stop()
    for (const client of sockets.clients) client.terminate()
    sockets.close()
    await follower.close()
  }

  const ready = Promise.all([partitions.ready, follower.ready]).then(() => {})
  return { ready, upgrade, fetch: createBroadcastApi(hub), close }
}

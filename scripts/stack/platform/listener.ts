import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'

const RETRY_MS = 200

export type Listener = { close(): Promise<void> }

type Options = {
  url: string
  channel: string
  name: string
  /** Runs after each (re)connection, when notifications may have been missed; 0 ms the first time. */
  onReady: (awayMs: number) => void
  onNotify: (payload: string) => void
  log: (line: string) => void
}

/**
 * Listens on a channel for as long as it is open: a lost connection is made again until it holds.
 * Resolves after the first connection.
 */
export async function keepListening(options: Options): Promise<Listener> {
  const closing = new AbortController()
  const closed = once(closing.signal, 'abort').then(() => {
    throw new Error('closed')
  })
  closed.catch(() => {})
  let client: Client | undefined
  let lostAt: number | undefined
  let ready = () => {}
  const firstReady = new Promise<void>((resolve) => {
    ready = resolve
  })

  const listenOnce = async () => {
    const current = new Client({
      connectionString: options.url,
      application_name: options.name,
      keepAlive: true,
    })
    client = current
    const ended = new Promise<void>((resolve) => current.once('end', () => resolve()))
    current.on('error', () => {})
    current.on('notification', (message) => options.onNotify(message.payload ?? ''))
    // A client that is ended while it connects never settles its connect().
    await Promise.race([current.connect(), closed])
    await current.query(`listen ${current.escapeIdentifier(options.channel)}`)
    options.onReady(lostAt === undefined ? 0 : performance.now() - lostAt)
    ready()
    await ended
    lostAt = performance.now()
  }

  const loop = (async () => {
    while (!closing.signal.aborted) {
      await listenOnce().catch(() => {})
      if (closing.signal.aborted) break
      options.log(`${options.name}: connection lost, connecting again`)
      await delay(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  })()
  await firstReady

  return {
    async close() {
      closing.abort()
      await client?.end().catch(() => {})
      await loop
    },
  }
}

import { Client } from 'pg'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

type Handlers = {
  onNotification(payload: string): void
  /** Runs once per connection, after LISTEN; `awayMs` is null the first time. */
  onListening(awayMs: number | null): void
}

/**
 * Keeps one connection that LISTENs, and connects again whenever it is lost. `ready` resolves at
 * the first LISTEN; `close` ends it for good.
 */
export const listen = (adminUrl: string, channel: string, handlers: Handlers) => {
  const first = Promise.withResolvers<void>()
  const closing = new AbortController()
  let client: Client | undefined
  let lostAt: number | null = null
  let pause = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined

  const retry = () => {
    if (closing.signal.aborted) return
    timer = setTimeout(connect, pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }

  const connect = async () => {
    const fresh = new Client({ connectionString: adminUrl, application_name: 'realtime_listener' })
    client = fresh
    const lost = Promise.withResolvers<void>()
    fresh.on('error', () => lost.resolve())
    fresh.once('end', () => lost.resolve())
    fresh.on('notification', ({ payload = '' }) => handlers.onNotification(payload))
    try {
      await fresh.connect()
      await fresh.query(`listen ${fresh.escapeIdentifier(channel)}`)
      pause = FIRST_PAUSE_MS
      handlers.onListening(lostAt === null ? null : performance.now() - lostAt)
      first.resolve()
      await lost.promise
      lostAt = performance.now()
    } catch {
      await fresh.end().catch(() => {})
    }
    retry()
  }

  void connect()
  const close = async () => {
    closing.abort()
    clearTimeout(timer)
    first.resolve()
    await client?.end().catch(() => {})
  }
  return { ready: first.promise, close }
}

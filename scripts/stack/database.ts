import { join } from 'node:path'
import { bootstrapDatabase } from './bootstrap.ts'
import type { Closing } from './closing.ts'
import { createPostgres } from './postgres.ts'
import type { StopMode } from './postgres-server.ts'

export type Database = Awaited<ReturnType<typeof startDatabase>>

/**
 * Runs the stack's Postgres with the platform prepared in it, and starts it again when it crashes.
 * Stops, starts and restarts follow one another; `onUp` listeners hear of every start after the first.
 */
export const startDatabase = async (o: {
  data: string
  port: number
  log: (line: string) => void
  closing: Closing
}) => {
  const postgres = await createPostgres({ dataDir: join(o.data, 'postgres'), port: o.port })
  const listeners: (() => void)[] = []
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (action: () => Promise<void>) => {
    const turn = last.then(action)
    last = turn.catch((error: Error) => o.log(error.message))
    return turn
  }
  const start = async () => {
    if (postgres.pid()) return
    await postgres.start()
    for (const listener of listeners) listener()
  }
  const stop = (mode?: StopMode) => inTurn(() => postgres.stop(mode))
  o.closing.add(stop)
  postgres.onCrash(() => {
    o.log('Postgres ended unexpectedly, starting it again')
    inTurn(start).catch(() => {})
  })
  await bootstrapDatabase(postgres.adminUrl)
  return {
    adminUrl: postgres.adminUrl,
    url: postgres.url,
    port: postgres.port,
    pid: postgres.pid,
    kill: postgres.kill,
    stop,
    start: () => inTurn(start),
    restart: async (mode?: StopMode) => {
      await stop(mode)
      await inTurn(start)
    },
    onUp: (listener: () => void) => {
      listeners.push(listener)
    },
  }
}

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Pool } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { runJob } from '../../../scripts/stack/cron/run-job.ts'

const sockets = new Set<Socket>()
const server = createServer((socket) => sockets.add(socket))

/** A database that accepts connections and never says a word. */
const silentDatabase = async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `postgresql://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/d`
}

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

const job = { jobid: '1', schedule: '1 second', command: 'select 1', database: 'd', username: 'u' }

test('a job that is just connecting ends with the scheduler, and is recorded as failed', async () => {
  const recorded: unknown[][] = []
  const pool = {
    query: async (_sql: string, values: unknown[]) => {
      recorded.push(values)
      return { rows: [{ runid: '7' }] }
    },
  } as unknown as Pool
  const closing = new AbortController()
  const connecting = once(server, 'connection')

  const run = runJob(pool, await silentDatabase(), job, closing.signal)
  await connecting
  closing.abort()
  await run

  expect(recorded[1]?.slice(0, 2)).toEqual(['7', 'failed'])
})

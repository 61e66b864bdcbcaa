import { Pool } from 'pg'
import { keepListening } from '../platform/listener.ts'
import { type NetRequest, type NetResponse, sendRequest } from './send-request.ts'

const BATCH_SIZE = 200
const RESPONSE_TTL = '6 hours'
const CLEAN_EVERY_MS = 60_000
const RETRY_MS = 1000

type Options = { adminUrl: string; log: (line: string) => void }

/**
 * Stands in for pg_net's background worker: takes queued requests off after commit, sends each once
 * and keeps its response for six hours. A request is gone from the queue when it is picked up, so
 * whatever stops the worker loses it, as with the real one.
 */
export async function startNet({ adminUrl, log }: Options): Promise<{ close(): Promise<void> }> {
  const pool = new Pool({ connectionString: adminUrl, application_name: 'pg_net worker', max: 2 })
  pool.on('error', () => {})
  let closed = false
  let woken = false
  let draining: Promise<void> | undefined

  const drain = async () => {
    while (woken && !closed) {
      woken = false
      while (!closed && (await sendBatch(pool)) > 0);
    }
  }
  const wake = () => {
    woken = true
    draining ??= drain()
      .catch((error: Error) => {
        log(`pg_net: ${error.message}`)
        setTimeout(wake, RETRY_MS).unref()
      })
      .finally(() => {
        draining = undefined
      })
  }
  const clean = () => void cleanResponses(pool).catch(() => {})

  const listener = await keepListening({
    url: adminUrl,
    channel: 'pg_net',
    name: 'pg_net worker',
    onReady: wake,
    onNotify: wake,
    log,
  })
  const cleaner = setInterval(clean, CLEAN_EVERY_MS)
  clean()

  return {
    async close() {
      closed = true
      clearInterval(cleaner)
      await listener.close()
      await draining
      await pool.end()
    },
  }
}

async function sendBatch(pool: Pool): Promise<number> {
  const { rows } = await pool.query<NetRequest>(
    `delete from net.http_request_queue
     where id in (select id from net.http_request_queue order by id limit $1)
     returning id, method, url, headers, body, timeout_milliseconds`,
    [BATCH_SIZE],
  )
  await Promise.all(rows.map(async (row) => storeResponse(pool, await sendRequest(row))))
  return rows.length
}

const storeResponse = (pool: Pool, response: NetResponse) =>
  pool.query(
    `insert into net._http_response
       (id, status_code, content_type, headers, content, timed_out, error_msg)
     select id, status_code, content_type, headers, content, timed_out, error_msg
     from jsonb_to_record($1) as response (
       id bigint, status_code int, content_type text, headers jsonb, content text,
       timed_out boolean, error_msg text
     )`,
    [JSON.stringify(response)],
  )

const cleanResponses = (pool: Pool) =>
  pool.query(
    `delete from net._http_response
     where created < clock_timestamp() - $1::interval`,
    [RESPONSE_TTL],
  )

/**
 * The limit that delivering is compared with: signed POSTs and nothing else. Run by Deno, as functions
 * are. Reads a LimitJob from stdin, prints a LimitResult.
 */
import process from 'node:process'
import { text } from 'node:stream/consumers'
import type { Bytes } from '../../../shared/crypto/bytes.ts'
import { secretBytes } from '../../../shared/webhooks/secret.ts'
import { sign } from '../../../shared/webhooks/sign.ts'

export type LimitJob = {
  url: string
  secret: string
  inFlight: number
  /** Sent before the clock starts, so that the loop is warm. */
  warmUp: number
  count: number
}
export type LimitResult = { ms: number }

const bodyOf = (id: string) =>
  new TextEncoder().encode(
    JSON.stringify({
      ...{ type: 'post.published', timestamp: new Date().toISOString(), id },
      ...{ workspace_id: crypto.randomUUID(), sequence: 1 },
      data: {
        ...{ post_id: crypto.randomUUID(), account_id: crypto.randomUUID(), version: 3 },
        ...{ status: 'published', scheduled_at: new Date(), published_at: new Date() },
        remote_ids: ['1'],
      },
    }),
  )

const send = async (url: string, keys: Bytes[]): Promise<void> => {
  const id = crypto.randomUUID()
  const timestamp = Math.floor(Date.now() / 1000)
  const body = bodyOf(id)
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': sign(keys, id, timestamp, body),
    },
    body,
  })
  await response.text()
  if (response.status !== 204) throw new Error(`answered ${response.status}`)
}

const sendAll = async ({ url, inFlight }: LimitJob, keys: Bytes[], count: number) => {
  let left = count
  const lane = async () => {
    while (left-- > 0) await send(url, keys)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

const job = JSON.parse(await text(process.stdin)) as LimitJob
const keys = [secretBytes(job.secret)]
await sendAll(job, keys, job.warmUp)
const began = performance.now()
await sendAll(job, keys, job.count)
const result: LimitResult = { ms: performance.now() - began }
console.log(JSON.stringify(result))

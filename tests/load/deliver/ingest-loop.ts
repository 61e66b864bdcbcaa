/**
 * Plays X: POSTs signed events to a function, so many at a time. Reads an IngestJob from stdin, prints
 * an IngestResult.
 */
import { createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export type IngestJob = { url: string; secret: string; inFlight: number; bodies: string[] }
export type IngestResult = { ms: number; answered: Record<number, number> }

const agent = new Agent({ keepAlive: true })

const post = (url: string, headers: Record<string, string>, body: string) =>
  new Promise<number>((resolve, reject) => {
    const sending = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    sending.once('error', reject).end(body)
  })

const job = JSON.parse(await text(process.stdin)) as IngestJob
const signed = job.bodies.map((body) => ({
  body,
  headers: {
    'content-type': 'application/json',
    'x-twitter-webhooks-signature': `sha256=${createHmac('sha256', job.secret).update(body).digest('base64')}`,
  },
}))
const answered: Record<number, number> = {}
const lane = async () => {
  for (let event = signed.pop(); event; event = signed.pop()) {
    const status = await post(job.url, event.headers, event.body)
    answered[status] = (answered[status] ?? 0) + 1
  }
}
const began = performance.now()
await Promise.all(Array.from({ length: job.inFlight }, lane))
const result: IngestResult = { ms: performance.now() - began, answered }
console.log(JSON.stringify(result))
process.exit()

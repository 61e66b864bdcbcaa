/**
 * Plays the consumers of webhooks, one per path, in a process of its own. Keeps what comes and checks
 * it when asked: what is measured should not wait for that.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { ReceiverAnswer, ReceiverOrder, Seen } from './receiver.ts'

type Arrival = { at: number; headers: IncomingMessage['headers']; body: Buffer }

const arrivals = new Map<string, Arrival[]>()
const held: ServerResponse[] = []
let hanging: string | null = null

const tell = (answer: ReceiverAnswer) => process.send?.(answer)

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const keep = (path: string, arrival: Arrival) => {
  const known = arrivals.get(path)
  if (known) known.push(arrival)
  else arrivals.set(path, [arrival])
}

const isSigned = (webhook: Webhook, { headers, body }: Arrival): boolean => {
  try {
    webhook.verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

/** Everything that came to one path: each event once, or again under the same id with the same bytes. */
const judge = (path: string, secret: string): Seen => {
  const webhook = new Webhook(secret)
  const first = new Map<string, Arrival>()
  const seen: Seen = { arrivals: 0, events: 0, faults: 0, latencyMs: [] }
  for (const arrival of arrivals.get(path) ?? []) {
    const id = String(arrival.headers['webhook-id'])
    const before = first.get(id)
    const isSame = before === undefined || before.body.equals(arrival.body)
    if (!isSame || !isSigned(webhook, arrival)) seen.faults += 1
    seen.arrivals += 1
    if (before) continue
    first.set(id, arrival)
    const { id: named, timestamp } = JSON.parse(arrival.body.toString())
    if (named !== id) seen.faults += 1
    seen.latencyMs.push(arrival.at - Date.parse(timestamp))
  }
  return { ...seen, events: first.size }
}

const server = createServer(async (request, response) => {
  const at = performance.timeOrigin + performance.now()
  const path = request.url ?? '/'
  const body = await read(request)
  keep(path, { at, headers: request.headers, body })
  if (path === hanging) held.push(response)
  else response.writeHead(204).end()
})

process.on('message', (order: ReceiverOrder) => {
  if ('hang' in order) {
    hanging = order.hang
    if (hanging === null) for (const response of held.splice(0)) response.destroy()
    tell({ done: true })
  } else {
    const secrets = Object.entries(order.collect)
    const seen = Object.fromEntries(secrets.map(([path, secret]) => [path, judge(path, secret)]))
    for (const [path] of secrets) arrivals.delete(path)
    tell({ seen })
  }
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }))

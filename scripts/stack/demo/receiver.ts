import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Delivery = { headers: Record<string, string>; body: string }

/** A webhook consumer on loopback: answers 204 to every POST and hands it on. */
export const startReceiver = async (port: number) => {
  const listeners = new Set<(delivery: Delivery) => void>()
  const server = createServer(async (request, response) => {
    const delivery = await read(request)
    response.writeHead(204).end()
    for (const listener of listeners) listener(delivery)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/`,
    onDelivery: (listener: (delivery: Delivery) => void) => listeners.add(listener),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

const read = async (request: IncomingMessage): Promise<Delivery> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  )
  return { headers, body: Buffer.concat(chunks).toString('utf8') }
}

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Listener = (headers: Record<string, string>, body: string) => void

/** A consumer of webhooks on loopback that counts what comes and answers as it is told. */
export async function startFlakyReceiver() {
  const seen = new Map<string, number>()
  const held: ServerResponse[] = []
  let holding = false
  let listener: Listener | undefined

  const server = createServer(async (request, response) => {
    const id = String(request.headers['webhook-id'])
    seen.set(id, (seen.get(id) ?? 0) + 1)
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    if (holding) return held.push(response)
    try {
      listener?.(request.headers as Record<string, string>, body)
      response.end()
    } catch {
      response.writeHead(400).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    host,
    url: `http://${host}/hook`,
    /** webhook-id to how often it came. */
    seen,
    /** Sees each request before it is answered; what it throws is answered with 400. */
    onRequest: (next: Listener) => {
      listener = next
    },
    /** From now on requests get no answer, until `release`. */
    hold: () => {
      holding = true
    },
    release: () => {
      holding = false
      for (const response of held.splice(0)) response.end()
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

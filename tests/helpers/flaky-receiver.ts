import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A consumer of webhooks on loopback that counts what comes and answers as it is told. */
export async function startFlakyReceiver() {
  const seen = new Map<string, number>()
  const held: ServerResponse[] = []
  let holding = false

  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    seen.set(id, (seen.get(id) ?? 0) + 1)
    request.resume()
    if (holding) held.push(response)
    else response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    host,
    url: `http://${host}/hook`,
    /** webhook-id to how often it came. */
    seen,
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

import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/**
 * A proxy for CONNECT on loopback, as an operator runs one: it looks names up itself, in `names`,
 * and connects to public ones only. `names` maps "host:port" to a port of loopback, or to `private`.
 */
export async function startConnectProxy(names: Record<string, number | 'private'>) {
  const asked: { target: string; authorization: string | undefined }[] = []
  const server = createServer()
  server.on('connect', (request, client) => {
    const target = request.url ?? ''
    asked.push({ target, authorization: request.headers['proxy-authorization'] })
    client.on('error', () => {})
    const port = names[target]
    if (typeof port !== 'number') return client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  return {
    asked,
    urlFor: (credentials: string) => `http://${credentials}@127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

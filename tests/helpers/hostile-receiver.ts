import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const CHUNK = Buffer.alloc(64 * 1024, 'x')
const HUGE = 100 * 1024 * 1024

/** Writes up to `bytes` as fast as the other side reads, until it leaves. */
const pour = (response: ServerResponse, bytes: number, written: (bytes: number) => void) => {
  let left = bytes
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= CHUNK.length
      written(CHUNK.length)
      if (!response.write(CHUNK)) return response.once('drain', more)
    }
    response.end()
  }
  more()
}

/** A consumer on loopback that behaves badly, each path in its own way; all else it answers with 200. */
export const startHostileReceiver = async (port: number) => {
  const calls: string[] = []
  const poured = new Map<string, number>()
  const left = new Set<string>()

  const behave: Record<string, (response: ServerResponse) => void> = {
    '/never': () => {},
    '/dies-before': (response) => response.socket?.destroy(),
    '/dies-within': (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('half')
      response.socket?.end()
    },
    '/busy': (response) => response.writeHead(429, { 'retry-after': '120' }).end('later'),
    '/redirects': (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
    '/gone': (response) => response.writeHead(410).end('moved out'),
    '/streams': (response) =>
      pour(response.writeHead(200), Number.POSITIVE_INFINITY, count('/streams')),
    '/huge': (response) =>
      pour(response.writeHead(200, { 'content-length': String(HUGE) }), HUGE, count('/huge')),
  }
  const count = (path: string) => (bytes: number) =>
    poured.set(path, (poured.get(path) ?? 0) + bytes)

  const server = createServer((request, response) => {
    const path = request.url ?? ''
    calls.push(path)
    request.resume()
    response.once('close', () => left.add(path))
    const act = behave[path]
    if (act) act(response)
    else response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    /** Paths that were called, in order. */
    calls,
    url: (path: string) => `http://${host}${path}`,
    /** Bytes of body a path could hand over. */
    poured: (path: string) => poured.get(path) ?? 0,
    /** Whether the other side has left a path. */
    hasLeft: (path: string) => left.has(path),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

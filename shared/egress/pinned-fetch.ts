import type { Connect } from './connection.ts'
import { exchange, isUnanswered } from './exchange.ts'
import type { FetchPublic, PublicRequest } from './fetch-public.ts'
import { createIdleConnections } from './idle-connections.ts'
import { openConnection } from './open-connection.ts'

type Options = {
  connect: Connect
  monotonic(): number
  deadline(ms: number): AbortSignal
}

/** What the connection itself is about is ours to say. */
const OURS = new Set(['host', 'content-length', 'connection', 'transfer-encoding', 'expect'])

/**
 * `FetchPublic` over HTTP/1.1 on connections to the addresses it is given: the name is never
 * resolved again, and only a certificate for it is accepted. Needed because `fetch` takes no address.
 */
export const createPinnedFetch = (options: Options): FetchPublic => {
  const idle = createIdleConnections(options.monotonic)

  return async (url, addresses, request) => {
    const { signal } = request
    signal.throwIfAborted()
    const host = hostOf(url)
    const bytes = encode(url, request)
    const send = ({ connection, address }: Awaited<ReturnType<typeof openConnection>>) =>
      exchange(connection, bytes, signal, () => idle.put(address, host, connection))

    const kept = idle.take(addresses, host)
    if (kept) {
      try {
        return await send(kept)
      } catch (error) {
        // The server had closed it meanwhile, which says nothing of the request.
        if (!isUnanswered(error)) throw error
      }
    }
    return send(await openConnection(options, addresses, host, signal))
  }
}

/** As TLS names it: without brackets, without a final dot. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')

const encode = (url: URL, { method, headers, body }: PublicRequest): Uint8Array => {
  const named = [...new Headers(headers)].filter(([name]) => !OURS.has(name))
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    ...named.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    '',
    '',
  ]
  const head = new TextEncoder().encode(lines.join('\r\n'))
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

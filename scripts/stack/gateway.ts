import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { type ApiKeys, callerOf } from './api-keys.ts'
import { answerPreflight, OPEN_CORS } from './cors.ts'
import { proxy } from './proxy.ts'
import { sendJson } from './send-json.ts'

type Fetch = (request: Request) => Promise<Response>

export type GatewayParts = {
  keys: ApiKeys
  roleToken: (role: 'anon' | 'service_role') => Promise<string>
  auth: Fetch
  rest: { port: number }
  functions: (req: IncomingMessage, res: ServerResponse, path: string) => Promise<unknown> | unknown
  realtime: {
    fetch: Fetch
    upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
  }
  storage: Route
}

type Route = (req: IncomingMessage, res: ServerResponse, path: string) => unknown

/** One HTTP server on 127.0.0.1 with the paths of a Supabase project. Answers its port and how to close it. */
export const startGateway = async (port: number, parts: GatewayParts) => {
  const routes: Record<string, Route> = {
    '/auth/v1': authRoute(parts),
    '/rest/v1': restRoute(parts),
    '/functions/v1': parts.functions,
    '/realtime/v1': realtimeRoute(parts),
    '/storage/v1': storageRoute(parts),
  }
  const server = createServer((req, res) => {
    const [prefix, path] = split(req.url ?? '/')
    const route = routes[prefix]
    if (!route) return sendJson(res, 404, { message: 'no Route matched with those values' })
    Promise.resolve(route(req, res, path)).catch((error: Error) =>
      sendJson(res, 500, { message: error.message }),
    )
  })
  server.requestTimeout = 0
  server.on('upgrade', (req, socket, head) => {
    if (split(req.url ?? '/')[0] === '/realtime/v1') parts.realtime.upgrade(req, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Splits `/rest/v1/posts?x=1` into `/rest/v1` and `/posts?x=1`. */
const split = (url: string): [string, string] => {
  const prefix = /^\/[a-z]+\/v1(?=[/?]|$)/.exec(url)?.[0] ?? ''
  const path = url.slice(prefix.length)
  return [prefix, path.startsWith('/') ? path : `/${path}`]
}

const fetchRoute = (handler: Fetch): Route => {
  const listener = getRequestListener(handler, { overrideGlobalObjects: false })
  return (req, res, path) => {
    req.url = path
    return listener(req, res)
  }
}

const refuse = (res: ServerResponse, { message, hint }: { message: string; hint: string }) =>
  sendJson(res, 401, { message, hint }, OPEN_CORS)

const authRoute = ({ keys, auth }: GatewayParts): Route => {
  const route = fetchRoute(auth)
  return (req, res, path) => {
    if (answerPreflight(req, res)) return
    const isOpen = path.startsWith('/.well-known/')
    const caller = isOpen ? undefined : callerOf(req.headers, path, keys)
    if (caller?.kind === 'refused') return refuse(res, caller)
    for (const [name, value] of Object.entries(OPEN_CORS)) res.setHeader(name, value)
    return route(req, res, path)
  }
}

const realtimeRoute = ({ realtime }: GatewayParts): Route => {
  const route = fetchRoute(realtime.fetch)
  return (req, res, path) => {
    if (answerPreflight(req, res)) return
    for (const [name, value] of Object.entries(OPEN_CORS)) res.setHeader(name, value)
    return route(req, res, path)
  }
}

// Uploads go straight here from any page; the signature in their URL is what lets them in.
const storageRoute = ({ storage }: GatewayParts): Route => {
  const exposed = `${OPEN_CORS['access-control-expose-headers']}, ETag`
  return (req, res, path) => {
    if (answerPreflight(req, res)) return
    res.setHeader('access-control-allow-origin', '*')
    res.setHeader('access-control-expose-headers', exposed)
    if (!path.startsWith('/s3/'))
      return sendJson(res, 404, { message: 'Only /storage/v1/s3 is served.' })
    return storage(req, res, path.slice('/s3'.length))
  }
}

const restRoute = ({ keys, roleToken, rest }: GatewayParts): Route => {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  return async (req, res, path) => {
    if (answerPreflight(req, res)) return
    const caller = callerOf(req.headers, path, keys)
    if (caller.kind === 'refused') return refuse(res, caller)
    const authorization =
      caller.kind === 'role' ? `Bearer ${await roleToken(caller.role)}` : req.headers.authorization
    const headers = { authorization, apikey: undefined }
    const target = {
      port: rest.port,
      path: withoutKey(path),
      agent,
      headers,
      responseHeaders: OPEN_CORS,
    }
    proxy(req, res, target, () =>
      sendJson(res, 503, { message: 'The REST server is not reachable' }, OPEN_CORS),
    )
  }
}

// PostgREST would take the parameter for a filter on a column of that name.
const withoutKey = (path: string) => path.replace(/([?&])apikey=[^&]*&?/, '$1').replace(/[?&]$/, '')

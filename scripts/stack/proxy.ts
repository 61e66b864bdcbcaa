import { type Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'

export type ProxyTarget = {
  port: number
  path: string
  agent: Agent
  /** Replaces or (undefined) removes headers of the request. */
  headers?: Record<string, string | undefined>
  /** Added to the response, over the upstream's own. */
  responseHeaders?: Record<string, string>
  /** Longest wait for the response to begin, in milliseconds. */
  idleMs?: number
}

/** Why no response came: the upstream broke the connection, or took longer than `idleMs`. */
export type ProxyFailure = 'broken' | 'idle'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te'])

/**
 * Streams a request to a local port and its response back, buffering neither. Calls `onFailure` when no response
 * began; a response that breaks off in the middle breaks off for the caller too.
 */
export const proxy = (
  req: IncomingMessage,
  res: ServerResponse,
  target: ProxyTarget,
  onFailure: (failure: ProxyFailure) => void,
) => {
  const { port, path, agent, idleMs } = target
  const headers = requestHeaders(req, target.headers ?? {})
  const upstream = request({ host: '127.0.0.1', port, path, agent, method: req.method, headers })
  let failure: ProxyFailure = 'broken'
  const giveUp = () => {
    failure = 'idle'
    upstream.destroy()
  }
  const timer = idleMs ? setTimeout(giveUp, idleMs) : undefined
  upstream.once('close', () => clearTimeout(timer))

  upstream.once('response', (answer) => {
    clearTimeout(timer)
    res.writeHead(answer.statusCode ?? 502, responseHeaders(answer, target.responseHeaders ?? {}))
    res.flushHeaders()
    answer.pipe(res)
    answer.once('error', () => res.destroy())
  })
  upstream.once('error', () => {
    if (res.headersSent) res.destroy()
    else if (!res.destroyed) onFailure(failure)
  })
  res.once('close', () => res.writableFinished || upstream.destroy())
  req.once('error', () => upstream.destroy())
  req.pipe(upstream)
}

const requestHeaders = (req: IncomingMessage, changes: Record<string, string | undefined>) => {
  const kept = Object.entries(req.headers).filter(([name]) => !HOP_BY_HOP.has(name))
  const forwarded = {
    'x-forwarded-for': req.socket.remoteAddress,
    'x-forwarded-host': req.headers.host,
    'x-forwarded-proto': 'http',
  }
  const all = Object.entries({ ...Object.fromEntries(kept), ...forwarded, ...changes })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

const responseHeaders = (answer: IncomingMessage, changes: Record<string, string>) => {
  const raw = answer.rawHeaders
  const flat: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase()
    if (!HOP_BY_HOP.has(name) && !(name in changes)) flat.push(name, raw[index + 1] as string)
  }
  return [...flat, ...Object.entries(changes).flat()]
}

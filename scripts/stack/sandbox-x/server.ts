import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from './answers.ts'
import { type Call, identify } from './call.ts'
import type { Target } from './faults.ts'
import { misbehave } from './misbehave.ts'
import { route } from './routes.ts'
import { manageWebhooks } from './webhooks.ts'
import { createWorld, type World } from './world.ts'

export type SandboxX = { url: string; port: number; stop(): Promise<void> }

const readCall = (request: IncomingMessage, raw: Buffer): Call => {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    search: mark < 0 ? '' : url.slice(mark + 1),
    authorization: request.headers.authorization,
    body: isMultipart(request) ? '' : raw.toString('utf8'),
    raw,
    contentType: request.headers['content-type'],
    id: '',
  }
}

const isMultipart = ({ headers }: IncomingMessage) =>
  headers['content-type']?.startsWith('multipart/') === true

const send = (response: ServerResponse, { status, body, headers }: Answer): void => {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

/** Who a call is for: the bearer of its access token, or the owner of the token in its form. */
const targetOf = (world: World, call: Call): Target => ({
  ...call,
  user: () => {
    const caller = identify(world, call.authorization)
    if (caller) return caller.account.user
    const form = new URLSearchParams(call.body)
    const token = form.get('refresh_token') ?? form.get('token') ?? ''
    const grant = world.state.refresh.get(token) ?? world.state.access.get(token)
    const owner = grant?.user_id ?? world.codes.get(form.get('code') ?? '')?.user_id ?? ''
    return world.state.accounts.get(owner)?.user ?? null
  },
})

const handle = (world: World, call: Call, response: ServerResponse): void => {
  const answer = (ready: Answer) => world.journal.flushed(() => send(response, ready))
  const run = () => route(world, call)
  world.faults.runDue(world.now())
  const slow = manageWebhooks(world, call)
  if (slow) {
    void slow.then(answer)
    return
  }
  if (world.faults.none() || call.path.startsWith('/sandbox/')) {
    answer(run())
    return
  }
  const { delay, fault } = world.faults.take(targetOf(world, call))
  const clientId = identify(world, call.authorization)?.app.client_id ?? 'unknown'
  const turn = { world, clientId, response, run, answer }
  const act = () => (fault ? misbehave(turn, fault) : answer(run()))
  if (delay > 0) setTimeout(act, delay).unref()
  else act()
}

const createListener = (world: World) => (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = (chunks.length === 1 ? chunks[0] : undefined) ?? Buffer.concat(chunks)
    handle(world, readCall(request, body), response)
  })
}

/**
 * Starts the sandbox X on 127.0.0.1. `port` 0 takes a free one; `data` is the directory that keeps
 * its journal. `stop` answers what is ready, closes every connection and the journal.
 */
export const startSandboxX = async (options: { port: number; data: string }): Promise<SandboxX> => {
  const world = createWorld(options.data)
  const server = createServer({ keepAliveTimeout: 600_000, noDelay: true }, createListener(world))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port, host: '127.0.0.1', backlog: 4_096 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          world.journal.close()
          resolve()
        })
        world.journal.flushed(() => setImmediate(() => server.closeAllConnections()))
      }),
  }
}

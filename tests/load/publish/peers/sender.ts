import { connect, type Socket } from 'node:net'

/** A bare post: no attempt, no lease, nothing that would stop a second one. */
export type PeerJob = { token: string; text: string }
export type Send = (job: PeerJob) => Promise<void>

export const IN_FLIGHT = 64

/**
 * POSTs to X over as many kept connections. Speaks HTTP by hand: what Node's own client costs would
 * be the limit of every peer. Rejects unless X took the post.
 */
export const createSender = (xUrl: string): Send => {
  const { hostname, port } = new URL(xUrl)
  const free: Connection[] = []
  const waiting: ((connection: Connection) => void)[] = []
  let opened = 0

  const take = (): Connection | Promise<Connection> => {
    const connection = free.pop()
    if (connection) return connection
    if (opened < IN_FLIGHT) {
      opened += 1
      return openConnection(hostname, Number(port))
    }
    return new Promise((resolve) => waiting.push(resolve))
  }
  return async (job) => {
    const connection = await take()
    const status = await connection(requestOf(hostname, job))
    const next = waiting.shift()
    if (next) next(connection)
    else free.push(connection)
    if (status !== 201) throw new Error(`X: ${status}`)
  }
}

const requestOf = (host: string, { token, text }: PeerJob): string => {
  const body = JSON.stringify({ text })
  return [
    'POST /2/tweets HTTP/1.1',
    `host: ${host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

/** Writes one request and resolves with the status once the whole answer is there. */
type Connection = (request: string) => Promise<number>

const openConnection = (host: string, port: number): Connection => {
  const socket: Socket = connect({ host, port, noDelay: true })
  let received = ''
  let settle = (_status: number) => {}
  let fail = (_error: Error) => {}
  socket.setEncoding('latin1')
  socket.on('error', (error) => fail(error))
  socket.on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
    if (received.length < end + 4 + length) return
    const status = Number(received.slice(9, 12))
    received = ''
    settle(status)
  })
  return (request) =>
    new Promise((resolve, reject) => {
      settle = resolve
      fail = reject
      socket.write(request)
    })
}

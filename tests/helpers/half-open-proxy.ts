import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where bytes vanish: on their way to the server, or on their way back. */
export type Side = 'request' | 'answer'

type Pair = { client: Socket; server: Socket; silent: Set<Side> }
type Trap = { marker: string; side: Side; caught: () => void }

/**
 * A TCP proxy on 127.0.0.1 whose connections can fall silent without ending, as behind a firewall that
 * lost its state: bytes vanish, nobody gets a FIN or RST, both ends believe in the connection.
 */
export const startHalfOpenProxy = async () => {
  let target = 0
  const pairs = new Set<Pair>()
  const traps = new Set<Trap>()

  const spring = (pair: Pair, chunk: Buffer) => {
    for (const trap of traps) {
      if (!chunk.includes(trap.marker)) continue
      traps.delete(trap)
      pair.silent.add('answer')
      if (trap.side === 'request') pair.silent.add('request')
      trap.caught()
    }
  }
  const tie = (pair: Pair) => {
    const { client, server, silent } = pair
    pairs.add(pair)
    client.on('data', (chunk: Buffer) => {
      spring(pair, chunk)
      if (!silent.has('request')) server.write(chunk)
    })
    server.on('data', (chunk) => silent.has('answer') || client.write(chunk))
    for (const [end, other] of [[client, server] as const, [server, client] as const]) {
      end.on('error', () => {})
      end.once('close', () => {
        // The end of a silent connection does not come through either.
        if (silent.size === 0) other.destroy()
        if (client.destroyed && server.destroyed) pairs.delete(pair)
      })
    }
  }

  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true })
    tie({ client, server, silent: new Set() })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')

  /** Breaks silent connections off at last, as keep-alive probes or an operator would. */
  const reset = () => {
    for (const { client, server, silent } of pairs) {
      if (silent.size === 0) continue
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }
  return {
    port: (listener.address() as AddressInfo).port,
    aim: (port: number) => {
      target = port
    },
    /** Every connection that is open now falls silent; later ones work. Returns how many. */
    silenceOpen: (): number => {
      for (const { silent } of pairs) silent.add('request').add('answer')
      return pairs.size
    },
    /** The connection that carries `marker` first falls silent, before or after its server reads it. */
    silenceOn: (marker: string, side: Side): Promise<void> =>
      new Promise((caught) => traps.add({ marker, side, caught })),
    reset,
    close: () => {
      listener.close()
      for (const { client, server } of pairs) {
        client.destroy()
        server.destroy()
      }
    },
  }
}

export type HalfOpenProxy = Awaited<ReturnType<typeof startHalfOpenProxy>>

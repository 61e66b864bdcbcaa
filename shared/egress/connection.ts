/** A stream of bytes to one address. */
export type Connection = {
  /** Bytes read, or null at the end. */
  read(into: Uint8Array): Promise<number | null>
  /** Bytes taken, perhaps fewer than given. */
  write(bytes: Uint8Array): Promise<number>
  /** Ends what is under way with an error. May be called twice. */
  close(): void
}

/** Opens TLS to port 443 of an address, and accepts only a certificate for `host`. */
export type Connect = (address: string, host: string) => Promise<Connection>

type Tls = Connection & { handshake(): Promise<unknown> }

type Globals = {
  Deno?: {
    connect?(options: { hostname: string; port: number }): Promise<Connection>
    startTls?(connection: Connection, options: { hostname: string }): Promise<Tls>
  }
}

/** `Connect` by the runtime's sockets; rejects where it has none. */
export const connectTls: Connect = async (address, host) => {
  const { Deno: deno } = globalThis as Globals
  if (!deno?.connect || !deno.startTls) {
    throw new Error('This runtime cannot connect to a chosen address: set WEBHOOK_PROXY_URL')
  }
  const socket = await deno.connect({ hostname: address, port: 443 })
  const tls = await deno.startTls(socket, { hostname: host })
  let isClosed = false
  const close = () => {
    if (!isClosed) tls.close()
    isClosed = true
  }
  try {
    await tls.handshake()
    return { read: (into) => tls.read(into), write: (bytes) => tls.write(bytes), close }
  } catch (error) {
    close()
    throw error
  }
}

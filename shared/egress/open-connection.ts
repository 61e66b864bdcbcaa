import type { Connect, Connection } from './connection.ts'

/** Another address of the same host is tried after this long, milliseconds. */
const PATIENCE_MS = 4_000

type Opened = { connection: Connection; address: string }

/** Connects to the first of the addresses that answers; rejects with the last one's error. */
export const openConnection = async (
  { connect, deadline }: { connect: Connect; deadline: (ms: number) => AbortSignal },
  addresses: readonly string[],
  host: string,
  signal: AbortSignal,
): Promise<Opened> => {
  let failure: unknown = new Error('The host has no address')
  for (const address of addresses) {
    const isLast = address === addresses.at(-1)
    const limit = isLast ? signal : AbortSignal.any([signal, deadline(PATIENCE_MS)])
    try {
      return { connection: await unlessAborted(connect(address, host), limit), address }
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

/** A connection that comes after all is closed. */
const unlessAborted = (connecting: Promise<Connection>, signal: AbortSignal) =>
  new Promise<Connection>((resolve, reject) => {
    const abort = () => {
      reject(signal.reason)
      connecting.then(
        (connection) => connection.close(),
        () => {},
      )
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })

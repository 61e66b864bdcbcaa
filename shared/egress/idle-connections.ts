import type { Connection } from './connection.ts'

/** Servers seldom keep a silent connection for less than 5 s, and many for little more. */
const IDLE_MS = 10_000
const MOST = 200

type Idle = { address: string; host: string; connection: Connection; until: number }

/** Connections that wait for another request to the same host at the same address. */
export const createIdleConnections = (monotonic: () => number) => {
  /** The one that waits longest comes first. */
  const idle: Idle[] = []

  const sweep = () => {
    const now = monotonic()
    const fresh = idle.findIndex(({ until }) => until > now)
    const spent = Math.max(fresh < 0 ? idle.length : fresh, idle.length - MOST)
    for (const { connection } of idle.splice(0, spent)) connection.close()
  }

  return {
    /** The one that waited shortest, at one of the addresses; it is the caller's from here on. */
    take(addresses: readonly string[], host: string): Idle | undefined {
      sweep()
      const at = idle.findLastIndex(
        (each) => each.host === host && addresses.includes(each.address),
      )
      return at < 0 ? undefined : idle.splice(at, 1)[0]
    },
    put(address: string, host: string, connection: Connection) {
      idle.push({ address, host, connection, until: monotonic() + IDLE_MS })
      sweep()
    },
  }
}

import type { Connection } from './connection.ts'

/** Servers seldom keep a silent connection for less than 5 s, and many for little more. */
const IDLE_MS = 10_000
const MOST = 200

type Idle = { place: string; connection: Connection; until: number }

export type IdleConnections = ReturnType<typeof createIdleConnections>

const placeOf = (address: string, host: string) => `${address} ${host}`

/** Connections that wait for another request to the same host at the same address. */
export const createIdleConnections = (monotonic: () => number) => {
  let idle: Idle[] = []

  const sweep = () => {
    const now = monotonic()
    const [kept, spent] = [idle.slice(-MOST), idle.slice(0, -MOST)]
    idle = kept.filter((each) => each.until > now)
    for (const each of [...spent, ...kept]) if (!idle.includes(each)) each.connection.close()
  }

  return {
    /** The one that waited shortest, at one of the addresses; it is the caller's from here on. */
    take(addresses: readonly string[], host: string) {
      sweep()
      const places = new Map(addresses.map((address) => [placeOf(address, host), address]))
      const at = idle.findLastIndex(({ place }) => places.has(place))
      const [found] = at < 0 ? [] : idle.splice(at, 1)
      return found && { connection: found.connection, address: places.get(found.place) ?? '' }
    },
    put(address: string, host: string, connection: Connection) {
      const until = monotonic() + IDLE_MS
      idle.push({ place: placeOf(address, host), connection, until })
      sweep()
    },
  }
}

import { createApp as createDeliver } from '../../functions/deliver/app.ts'
import { createApp as createPublish } from '../../functions/publish/app.ts'
import type { Rpc } from '../../shared/db/rpc.ts'
import type { Deps } from '../../shared/deps.ts'
import type { FetchPublic } from '../../shared/egress/fetch-public.ts'
import type { Network } from '../../shared/networks/network.ts'
import { networkOf } from '../../shared/networks/network-of.ts'
import { ENV } from './database/fixture.ts'
import { createDeadline, createEvery, createHost, createSleep, type Host } from './host.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** The platform ends every worker at this age. */
const LONGEST_LIFE_MS = 400_000

/** The functions that are played. */
export type Slug = 'publish' | 'deliver'

/** A worker process: the real function, on clocks and wires that may betray it. */
export type Isolate = {
  name: string
  bornAt: number
  isRunning(): boolean
  isFrozen(): boolean
  /** The platform has announced its end, and sends it nothing more. */
  isEnding(): boolean
  /** What the doorbell sends. */
  ring(): void
  crash(why: string): void
}

/** What a guard test changes in a worker. */
export type WorkerTampering = {
  network?: (network: Network) => Network
  service?: (service: Rpc) => Rpc
  fetch?: (send: typeof fetch) => typeof fetch
}

export type Wires = {
  tampering?: WorkerTampering
  service(host: Host): Deps['service']
  fetch(host: Host): typeof fetch
  fetchPublic(host: Host): FetchPublic
}

const uuidFrom = (random: Random): string => {
  const hex = (length: number) =>
    Array.from({ length }, () => random.whole(0, 15).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
}

/** Aborts when the platform announces the isolate's end, which comes soon afterwards: of its CPU or of its time. */
const announceEnd = (world: World, host: Host, random: Random): AbortSignal => {
  const ending = new AbortController()
  const [afterMs, leftMs] = random.chance(world.plan.isolate.spends)
    ? [random.between(100, 10_000), random.between(20, 3_000)]
    : [LONGEST_LIFE_MS * 0.9, LONGEST_LIFE_MS * 0.1]
  const announcedAt = world.scheduler.now() + afterMs
  host.resume(announcedAt, 'beforeunload', () => ending.abort())
  world.scheduler.at(announcedAt + leftMs, () => host.crash('the platform ends it'))
  return ending.signal
}

export const startIsolate = (world: World, wires: Wires, slug: Slug, name: string): Isolate => {
  const random = world.random.fork(name)
  const { host, isFrozen, monotonic, wall } = createHost(world, name, random)
  const changed = wires.tampering ?? {}
  const say = (what: string) => world.trace.add(world.scheduler.now(), name, what)
  const ending = announceEnd(world, host, random.fork('end'))
  const deps: Deps = {
    env: ENV,
    ending,
    fetch: changed.fetch?.(wires.fetch(host)) ?? wires.fetch(host),
    service: changed.service?.(wires.service(host)) ?? wires.service(host),
    now: wall,
    monotonic,
    sleep: createSleep(world, host),
    deadline: createDeadline(world, host),
    every: createEvery(world, host),
    randomUUID: () => uuidFrom(random),
    randomBytes: (length) => Uint8Array.from({ length }, () => random.whole(0, 255)),
    fetchPublic: wires.fetchPublic(host),
    resolveDns: async () => ['93.184.216.34'],
    background: (promise) => {
      promise.catch((error: unknown) => say(`background work failed: ${String(error)}`))
    },
    log: ({ message, slug, error, outcome }) =>
      say(`log: ${[message, outcome, slug, error].filter(Boolean).join(' · ')}`),
  }
  const network = networkOf(deps)
  const app =
    slug === 'publish'
      ? createPublish(deps, changed.network?.(network) ?? network)
      : createDeliver(deps)
  return {
    name,
    bornAt: world.scheduler.now(),
    isRunning: () => !host.isDead(),
    isFrozen,
    isEnding: () => ending.aborted,
    crash: host.crash,
    ring: () => {
      const headers = { apikey: ENV.SUPABASE_SECRET_KEYS.cron ?? '' }
      void app.request(`/${slug}`, { method: 'POST', headers })
    },
  }
}

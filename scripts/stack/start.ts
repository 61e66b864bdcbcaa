import { join, resolve } from 'node:path'
import pg from 'pg'
import { type Closing, createClosing, together } from './closing.ts'
import { type Database, startDatabase } from './database.ts'
import { functionsEnv } from './functions-env.ts'
import { type Keys, publicJwk } from './keys.ts'
import { type Limits, PLATFORM_LIMITS } from './limits.ts'
import { applyMigrations } from './migrate.ts'
import { prepareData } from './prepare-data.ts'
import { startSandboxX } from './sandbox-x.ts'
import { startServices } from './services.ts'
import { startStandIns } from './stand-ins.ts'
import { publishState, type StackState } from './state.ts'
import { STORAGE } from './storage/settings.ts'
import { storeVaultSecrets } from './vault-secrets.ts'

export type { StackState } from './state.ts'

export type StackOptions = {
  /** First of three ports (gateway, Postgres, sandbox X); 0 takes free ones. */
  port?: number
  /** Directory of everything the stack keeps. */
  data: string
  /** Erases the data first. */
  fresh?: boolean
  log?: (line: string) => void
  /** false: /functions/v1 answers 503. */
  functions?: boolean
  /** Settings for functions, over the stack's own. */
  env?: Record<string, string>
  limits?: Partial<Limits>
  /** false: no job of pg_cron runs by itself. */
  cron?: boolean
  /** Directory with supabase/, functions/ and deno.json. */
  project?: string
  /** Gets the port of Postgres, answers the one PostgREST connects to instead: a proxy of a test's. */
  restThrough?: (databasePort: number) => number
}

export type Stack = Awaited<ReturnType<typeof boot>>

const PROJECT = join(import.meta.dirname, '..', '..')

/** Starts the whole embedded stack; resolves when it is ready. A failed start leaves nothing running. */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const log = options.log ?? (() => {})
  const closing = createClosing(log)
  try {
    return await boot(options, log, closing)
  } catch (error) {
    await closing.run()
    throw error
  }
}

const boot = async (options: StackOptions, log: (line: string) => void, closing: Closing) => {
  const { keys, ports, data } = await prepareData(options, closing)
  const project = resolve(options.project ?? PROJECT)
  const apiUrl = `http://127.0.0.1:${ports.gateway}`
  const xUrl = `http://127.0.0.1:${ports.sandboxX}`
  const jwks = { keys: [publicJwk(keys)] }
  const step = createStep(log)

  const [database] = await together([
    step(`Postgres on port ${ports.postgres}`, () =>
      startDatabase({ data, port: ports.postgres, log, closing }),
    ),
    step(`sandbox X at ${xUrl}`, async () =>
      closing.add((await startSandboxX({ port: ports.sandboxX, data, log })).stop),
    ),
  ])
  await step('migrations', () => applyMigrations(database.url, project))

  const sql = adminPool(database.adminUrl, closing)
  await storeVaultSecrets(sql, { project_url: apiUrl, cron_key: keys.cron })
  const env = functionsEnv({ project, apiUrl, xUrl, keys, jwks, own: options.env ?? {} })
  const limits = { ...PLATFORM_LIMITS, ...options.limits }
  const serveFunctions = options.functions ?? true
  const common = { apiUrl, project, data, keys, jwks, database, sql, env, log, closing }
  const { functions } = await step(`API at ${apiUrl}`, () =>
    startServices({
      ...common,
      port: ports.gateway,
      limits,
      serveFunctions,
      restDatabasePort: options.restThrough?.(database.port) ?? database.port,
    }),
  )
  const cron = options.cron ?? true
  await step('pg_cron and pg_net', () =>
    startStandIns({ adminUrl: database.adminUrl, sql, cron, log, closing }),
  )

  const state = stateOf({ apiUrl, xUrl, data, keys, jwks, database })
  closing.add(await publishState(state))
  return { state, postgres: database, functions, stop: closing.run }
}

const stateOf = (o: {
  apiUrl: string
  xUrl: string
  data: string
  keys: Keys
  jwks: StackState['jwks']
  database: Database
}): StackState => ({
  api_url: o.apiUrl,
  functions_url: `${o.apiUrl}/functions/v1`,
  realtime_url: `${o.apiUrl.replace('http', 'ws')}/realtime/v1`,
  db_url: o.database.url,
  admin_db_url: o.database.adminUrl,
  x_url: o.xUrl,
  publishable_key: o.keys.publishable,
  secret_key: o.keys.secret,
  cron_key: o.keys.cron,
  s3_url: `${o.apiUrl}/storage/v1/s3`,
  s3_region: STORAGE.region,
  s3_bucket: STORAGE.bucket,
  s3_access_key_id: o.keys.storage.accessKeyId,
  s3_secret_access_key: o.keys.storage.secretAccessKey,
  jwks: o.jwks,
  data: o.data,
  pid: process.pid,
})

const createStep =
  (log: (line: string) => void) =>
  async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    const result = await work()
    log(`✓ ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
    return result
  }

const adminPool = (connectionString: string, closing: Closing) => {
  const sql = new pg.Pool({ connectionString, max: 10, application_name: 'stack' })
  // A connection lost while idle is replaced by the next query.
  sql.on('error', () => {})
  closing.add(() => sql.end())
  return sql
}

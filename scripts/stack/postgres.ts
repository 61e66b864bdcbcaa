import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { freePort } from './free-port.ts'
import { chooseAccount } from './postgres-account.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { hasCluster, initialiseCluster } from './postgres-initialise.ts'
import { createServer } from './postgres-server.ts'
import { serverFlags } from './postgres-settings.ts'

export type PostgresOptions = {
  /** Directory of the cluster, made when absent. */
  dataDir: string
  /** 0 or absent: any free port. */
  port?: number
  /** No fsync, for throw-away clusters only. */
  fast?: boolean
}

export type Postgres = Awaited<ReturnType<typeof createPostgres>>

/**
 * Starts a Postgres 17 cluster on 127.0.0.1, initialising its directory when it is new; its log is `<dataDir>.log`.
 * It ends with this process, however that ends.
 * `adminUrl` logs in as the superuser `supabase_admin`; `url` as `postgres`, a role `bootstrapDatabase` makes.
 * Answers start, stop, restart, kill (SIGKILL of the postmaster), pid and onCrash. Throws a fault with a remedy.
 */
export const createPostgres = async (options: PostgresOptions) => {
  const dataDir = resolve(options.dataDir)
  const fast = options.fast ?? false
  const port = options.port || (await freePort())
  const { initdb, postgres } = await postgresBinaries()
  await mkdir(dirname(dataDir), { recursive: true })
  const account = chooseAccount(dataDir, postgres)
  if (!(await hasCluster(dataDir))) await initialiseCluster({ dataDir, initdb, account, fast })
  const server = createServer({
    dataDir,
    postgres,
    flags: serverFlags(port, fast),
    account,
  })
  await server.start()
  const url = (user: string) => `postgresql://${user}:postgres@127.0.0.1:${port}/postgres`
  return { ...server, port, dataDir, adminUrl: url('supabase_admin'), url: url('postgres') }
}

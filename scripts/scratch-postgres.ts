import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { bootstrapDatabase } from './stack/bootstrap.ts'
import { applyMigrations } from './stack/migrate.ts'
import { createPostgres } from './stack/postgres.ts'

const ROOT = join(import.meta.dirname, '..')
const TEMPLATE = 'migrated'

/**
 * Starts a throw-away Postgres with one database `migrated`, to which nobody is connected: what the
 * platform provides and all our migrations. `stop` removes everything.
 */
export async function startScratchPostgres() {
  const directory = await mkdtemp(join(tmpdir(), 'myposts-db-'))
  const postgres = await createPostgres({ dataDir: join(directory, 'postgres'), fast: true })
  const stop = async () => {
    await postgres.stop('immediate')
    await rm(directory, { recursive: true, force: true })
  }
  const migrated = (url: string) => url.replace(/[^/]+$/, TEMPLATE)
  try {
    await bootstrapDatabase(postgres.adminUrl)
    await execute(postgres.adminUrl, `create database ${TEMPLATE}`)
    await bootstrapDatabase(migrated(postgres.adminUrl))
    await applyMigrations(migrated(postgres.url), ROOT)
    await execute(migrated(postgres.adminUrl), 'select platform.maintain_realtime_messages()')
  } catch (error) {
    await stop()
    throw error
  }
  return { adminUrl: postgres.adminUrl, template: TEMPLATE, url: migrated(postgres.url), stop }
}

async function execute(url: string, sql: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

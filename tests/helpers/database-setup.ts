import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { bootstrapDatabase } from '../../scripts/stack/bootstrap.ts'
import { applyMigrations } from '../../scripts/stack/migrate.ts'
import { createPostgres } from '../../scripts/stack/postgres.ts'
import { inDatabase } from './in-database.ts'

const TEMPLATE = 'migrated'
const ROOT = join(import.meta.dirname, '../..')

declare module 'vitest' {
  interface ProvidedContext {
    database: { adminUrl: string; template: string }
  }
}

/** One throw-away server for the project; test files work in clones of its migrated template. */
export default async function setup(project: TestProject) {
  const directory = await mkdtemp(join(tmpdir(), 'myposts-db-'))
  const postgres = await createPostgres({ dataDir: join(directory, 'postgres'), fast: true })
  const { adminUrl } = postgres
  await bootstrapDatabase(adminUrl)
  await execute(adminUrl, `create database ${TEMPLATE}`)
  await bootstrapDatabase(inDatabase(adminUrl, TEMPLATE))
  await applyMigrations(inDatabase(postgres.url, TEMPLATE), ROOT)
  await execute(inDatabase(adminUrl, TEMPLATE), 'select platform.maintain_realtime_messages()')
  project.provide('database', { adminUrl, template: TEMPLATE })

  return async () => {
    await postgres.stop('immediate')
    await rm(directory, { recursive: true, force: true })
  }
}

async function execute(url: string, sql: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

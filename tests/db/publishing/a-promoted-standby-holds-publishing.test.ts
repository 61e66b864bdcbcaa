import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootstrapDatabase } from '../../../scripts/stack/bootstrap.ts'
import { applyMigrations } from '../../../scripts/stack/migrate.ts'
import { createPostgres, type Postgres } from '../../../scripts/stack/postgres.ts'

const ROOT = join(import.meta.dirname, '../../..')

let directory: string
let cluster: Postgres

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'myposts-standby-'))
  cluster = await createPostgres({ dataDir: join(directory, 'postgres'), fast: true })
  await bootstrapDatabase(cluster.adminUrl)
  await applyMigrations(cluster.url, ROOT)
})
afterAll(async () => {
  await cluster.stop('immediate')
  await rm(directory, { recursive: true, force: true })
})

const ask = async (sql: string) => {
  const client = new Client({ connectionString: cluster.adminUrl })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(sql).finally(() => client.end())
  return rows[0]
}

const HELD = `
  select private.is_publishing_held() as is_held, pg_is_in_recovery() as is_standby,
    checkpoint.timeline_id as timeline_of_checkpoint
  from pg_control_checkpoint() as checkpoint`

test('a promoted standby holds publishing from its first write on, before any checkpoint', async () => {
  // Pages that the checkpoint after the promotion has to write, at its leisure.
  await ask(
    'create table public.much as select n, repeat(md5(n::text), 20) from generate_series(1, 20000) as n',
  )
  expect(await ask(HELD)).toMatchObject({ is_held: false, is_standby: false })

  await cluster.stop('immediate')
  await writeFile(join(cluster.dataDir, 'standby.signal'), '')
  await cluster.start()
  expect(await ask(HELD)).toMatchObject({ is_held: false, is_standby: true })

  await ask('select pg_promote()')
  expect(await ask(HELD)).toEqual({
    is_held: true,
    is_standby: false,
    timeline_of_checkpoint: 1,
  })
})

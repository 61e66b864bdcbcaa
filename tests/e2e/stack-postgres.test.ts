import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPostgres, type Postgres } from '../../scripts/stack/postgres.ts'

let folder: string
let postgres: Postgres

// The folder is closed to other accounts, as /root is: root must still be able to hand Postgres to one of them.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myposts-postgres-'))
  await chmod(folder, 0o700)
  postgres = await createPostgres({ dataDir: join(folder, 'postgres') })
})

afterAll(async () => {
  await postgres.stop('immediate')
  await rm(folder, { recursive: true, force: true })
})

const query = async (sql: string) => {
  const client = new pg.Client({ connectionString: postgres.adminUrl })
  await client.connect()
  const { rows } = await client.query(sql).finally(() => client.end())
  return rows
}

test('runs durably, decodes logically and listens on this machine only', async () => {
  expect(
    await query(`select current_setting('fsync') as fsync, current_setting('wal_level') as wal_level,
      current_setting('listen_addresses') as listen_addresses`),
  ).toEqual([{ fsync: 'on', wal_level: 'logical', listen_addresses: '127.0.0.1' }])
})

test('keeps what was committed through a kill of the server', async () => {
  await query('create table kept as select 1 as id')
  await postgres.kill()
  expect(postgres.pid()).toBeUndefined()
  await postgres.start()
  expect(await query('select id from kept')).toEqual([{ id: 1 }])
})

test('starts over a lock file whose process id now belongs to another program', async () => {
  await postgres.kill()
  const lock = [
    process.pid,
    join(folder, 'postgres'),
    0,
    postgres.port,
    '',
    '127.0.0.1',
    '',
    'ready',
  ]
  await writeFile(join(folder, 'postgres', 'postmaster.pid'), lock.join('\n'))
  await postgres.start()
  expect(await query('select id from kept')).toEqual([{ id: 1 }])
})

test('explains a port it cannot have', async () => {
  const second = createPostgres({
    dataDir: join(folder, 'second'),
    port: postgres.port,
    fast: true,
  })
  await expect(second).rejects.toMatchObject({ name: 'Fault', remedy: expect.any(String) })
})

test('tells of a crash once, and of no stop that was asked for', async () => {
  let crashes = 0
  postgres.onCrash(() => {
    crashes += 1
  })
  await postgres.restart('fast')
  expect(crashes).toBe(0)
  await postgres.kill()
  expect(crashes).toBe(1)
})

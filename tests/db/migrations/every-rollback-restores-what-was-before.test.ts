import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { catalogueOf } from '../../helpers/catalogue.ts'
import { withScratchDatabase } from '../../helpers/scratch-database.ts'

const folder = (name: string) => join(import.meta.dirname, '../../../supabase', name)
const names = (await readdir(folder('migrations'))).filter((name) => name.endsWith('.sql')).sort()

const apply = async (client: Client, kind: 'migrations' | 'rollbacks', name: string) => {
  const sql = await readFile(join(folder(kind), name), 'utf8')
  await client.query('begin')
  await client.query(sql)
  await client.query('commit')
}

test('every migration has a rollback of the same name, and every rollback a migration', async () => {
  expect((await readdir(folder('rollbacks'))).sort()).toEqual(names)
})

test(
  'up, down and up again: each step leaves the catalogue it found',
  () =>
    withScratchDatabase(async (client) => {
      const before: string[][] = []
      for (const name of names) {
        before.push(await catalogueOf(client))
        await apply(client, 'migrations', name)
      }
      const migrated = await catalogueOf(client)

      for (const [index, name] of [...names.entries()].reverse()) {
        await apply(client, 'rollbacks', name)
        expect(await catalogueOf(client), `after the rollback of ${name}`).toEqual(before[index])
      }
      for (const name of names) await apply(client, 'migrations', name)
      expect(await catalogueOf(client), 'after the second time up').toEqual(migrated)
    }),
  120_000,
)

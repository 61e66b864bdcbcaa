import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import pg from 'pg'
import { fault } from './fault.ts'
import { lineAt } from './sql-position.ts'

const PLATFORM = join(import.meta.dirname, 'platform')

/**
 * Gives a database what hosted Supabase provides before our first migration: roles, the schemas extensions, auth and
 * realtime, and stand-ins for extensions it lacks. Runs `platform/*.sql` in file order; running it again changes nothing.
 * `adminUrl` logs in as the superuser `supabase_admin`, to the database to prepare.
 */
export const bootstrapDatabase = async (adminUrl: string, folder = PLATFORM) => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'bootstrap' })
  await client.connect()
  try {
    await client.query("set client_min_messages = 'warning'")
    for (const name of files) await runFile(client, join(folder, name))
  } finally {
    await client.end()
  }
}

const runFile = async (client: pg.Client, file: string) => {
  const sql = await readFile(file, 'utf8')
  try {
    await client.query(sql)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const line = lineAt(sql, Number(error.position ?? 1))
    throw fault(
      `The platform could not be prepared: ${basename(file)}, line ${line}: ${error.message}`,
      'Begin with an empty database: npm start -- --fresh',
      error,
    )
  }
}

import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'
import { bootstrapDatabase } from '../../scripts/stack/bootstrap.ts'
import { asRole, inDatabase } from './in-database.ts'

/** Gives `fn` a database as the platform hands it over, without our migrations; dropped afterwards. */
export async function withScratchDatabase<T>(fn: (client: Client) => Promise<T>): Promise<T> {
  const { adminUrl } = inject('database')
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  const admin = new Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`create database ${name}`)
  try {
    await bootstrapDatabase(inDatabase(adminUrl, name))
    const client = new Client({ connectionString: asRole(inDatabase(adminUrl, name), 'postgres') })
    await client.connect()
    return await fn(client).finally(() => client.end())
  } finally {
    await admin.query(`drop database ${name} with (force)`)
    await admin.end()
  }
}

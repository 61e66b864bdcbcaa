import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, inject } from 'vitest'
import { asRole, inDatabase } from './in-database.ts'

export type Tx = Client

const name = `test_${randomUUID().replaceAll('-', '')}`
const open = new Set<Client>()
let cloned: Promise<string> | undefined

/** The address of this test file's own database, as `postgres`. Cloned from the template when first asked for. */
export function databaseUrl(): Promise<string> {
  cloned ??= clone()
  return cloned
}

async function clone(): Promise<string> {
  const { adminUrl, template } = inject('database')
  await onServer(`create database ${name} template ${template} owner postgres`)
  return asRole(inDatabase(adminUrl, name), 'postgres')
}

async function onServer(sql: string) {
  const client = new Client({ connectionString: inject('database').adminUrl })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

/** A real connection of its own to this file's database, closed after the file. */
export async function connect(role = 'postgres'): Promise<Client> {
  const url = asRole(await databaseUrl(), role)
  const client = new Client({ connectionString: url, application_name: 'test' })
  client.on('error', () => {})
  await client.connect()
  open.add(client)
  return client
}

export async function disconnect(client: Client) {
  open.delete(client)
  await client.end().catch(() => {})
}

/** Runs `fn` in a transaction of the role `postgres` which is always rolled back. */
export async function withTx<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await connect()
  try {
    await tx.query('begin')
    return await fn(tx)
  } finally {
    await disconnect(tx)
  }
}

afterAll(async () => {
  if (!cloned) return
  await Promise.all([...open].map(disconnect))
  await onServer(`drop database if exists ${name} with (force)`)
})

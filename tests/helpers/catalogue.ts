import { readFile } from 'node:fs/promises'
import type { Client } from 'pg'

const sql = await readFile(new URL('catalogue.sql', import.meta.url), 'utf8')

/** Every object migrations can make, as one line each, in a fixed order. */
export async function catalogueOf(client: Client): Promise<string[]> {
  await client.query(`set search_path = ''`)
  const { rows } = await client.query<{ kind: string; name: string; definition: string }>(sql)
  await client.query('reset search_path')
  return rows.map(({ kind, name, definition }) => `${kind} ${name}: ${definition}`)
}

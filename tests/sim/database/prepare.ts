import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { asRole, inDatabase } from '../../helpers/in-database.ts'
import { prepareEndpoints, type SimEndpoint } from './endpoints.ts'
import { makeFixture, type SimPerson } from './fixture.ts'
import { keepPlans } from './keep-plans.ts'
import { createLook } from './look.ts'

export type SimDatabase = {
  url: string
  people: SimPerson[]
  endpoints: SimEndpoint[]
  /** Where virtual time begins, milliseconds since 1970: next month, on its second day at noon. */
  start: number
  drop(): Promise<void>
}

const SETTINGS = [
  // A plan made once stays, so that a seed played alone meets the plans of a seed played in a row.
  'plan_cache_mode = force_generic_plan',
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
  'jit = off',
  'compute_query_id = off',
  'pg_stat_statements.track = none',
  `"sim.now" = '2026-01-01'`,
]

const onServer = async <Row>(adminUrl: string, sql: string): Promise<Row | undefined> => {
  const client = new Client({ connectionString: adminUrl })
  await client.connect()
  const { rows } = await client.query(sql).finally(() => client.end())
  return rows[0]
}

/** The same address through the socket of the throw-away server, which costs less than half. */
const throughSocket = async (adminUrl: string, url: string): Promise<string> => {
  const found = await onServer<{ data_directory: string }>(adminUrl, 'show data_directory')
  return `${url}?host=${encodeURIComponent(found?.data_directory ?? '')}`
}

/**
 * A seed lasts hours. The leaves of months it never comes to would be opened by every call, which is
 * most of what a call takes, and have tests of their own.
 */
const dropOtherMonths = async (client: Client, start: number): Promise<void> => {
  const month = new Date(start).toISOString().slice(0, 7).replace('-', '_')
  const { rows } = await client.query<{ leaf: string }>(
    `select inhrelid::regclass::text as leaf
     from pg_inherits
     join pg_class on pg_class.oid = inhparent
     where pg_class.relkind = 'p'
       and pg_class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
       and right(inhrelid::regclass::text, 7) <> $1`,
    [month],
  )
  await client.query(`drop table ${rows.map(({ leaf }) => leaf).join(', ')} cascade`)
}

const startOf = async (client: Client): Promise<number> => {
  const { rows } = await client.query<{ start: Date }>(
    `select private.month_floor(pg_catalog.clock_timestamp(), 1) + interval '36 hours' as start`,
  )
  return rows[0]?.start.getTime() ?? 0
}

/** A migrated database of the simulation's own, whose time and chance come from the seed. */
export const prepareSimDatabase = async (
  adminUrl: string,
  template: string,
  { keepsPlans = true } = {},
): Promise<SimDatabase> => {
  const name = `sim_${randomUUID().replaceAll('-', '')}`
  const drop = async () => {
    await onServer(adminUrl, `drop database if exists ${name} with (force)`)
  }
  await onServer(adminUrl, `create database ${name} template ${template} owner postgres`)
  for (const setting of SETTINGS) {
    await onServer(adminUrl, `alter database ${name} set ${setting}`)
  }
  const url = await throughSocket(adminUrl, asRole(inDatabase(adminUrl, name), 'postgres'))
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const start = await startOf(client)
    await client.query(`set "sim.now" = '${new Date(start - 86_400_000).toISOString()}'`)
    await client.query(await readFile(join(import.meta.dirname, 'determinism.sql'), 'utf8'))
    if (keepsPlans) await keepPlans(client)
    const people = await makeFixture(client)
    await dropOtherMonths(client, start)
    await createLook(client)
    return { url, people, endpoints: await prepareEndpoints(people), start, drop }
  } catch (error) {
    await client.end()
    await drop()
    throw error
  } finally {
    await client.end()
  }
}

import { Client } from 'pg'
import { startScratchPostgres } from '../../../scripts/scratch-postgres.ts'

export type Cluster = Awaited<ReturnType<typeof startCluster>>

/** A throw-away cluster; each of its databases has all our migrations. */
export const startCluster = async () => {
  const postgres = await startScratchPostgres()
  const admin = new Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  const clients: Client[] = []

  /** One more connection to a database, as the superuser: seeding skips what triggers check. */
  const connect = async (name: string): Promise<Client> => {
    const client = new Client({ connectionString: postgres.adminUrl.replace(/[^/]+$/, name) })
    await client.connect()
    clients.push(client)
    return client
  }
  return {
    connect,
    create: async (name: string): Promise<Client> => {
      await admin.query(`create database ${name} template ${postgres.template}`)
      return connect(name)
    },
    /** Statistics stay as they are until it is on. */
    setAutovacuum: async (isOn: boolean) => {
      await admin.query(`alter system set autovacuum = ${isOn ? 'on' : 'off'}`)
      // Ten minutes of posts go by in one: what comes once a minute comes every six seconds.
      await admin.query('alter system set autovacuum_naptime = 6')
      await admin.query('select pg_reload_conf()')
    },
    stop: async () => {
      await Promise.allSettled([...clients, admin].map((client) => client.end()))
      await postgres.stop()
    },
  }
}

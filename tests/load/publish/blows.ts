import pg from 'pg'
import { comparePublished, type Sent } from './published.ts'
import { letQuietTimePass, untilHalfWay } from './recovery.ts'
import { type Bench, runSpike, scheduleSpike } from './spike.ts'

export type Blows = {
  /** Posts per second of a spike after all of it, divided by those of the same spike before. */
  ratio: number
  sent: Sent[]
}

type Blow = (bench: Bench, connect: () => Promise<pg.Client>) => Promise<unknown>

/** Every connection there is, for as long as it takes to be refused one more. */
const exhaust: Blow = async ({ sql }, connect) => {
  await sql.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'`,
  )
  const taken: pg.Client[] = []
  while (
    await connect().then(
      (client) => taken.push(client),
      () => 0,
    )
  );
  await Promise.all(taken.map((client) => client.end()))
}

const BLOWS: Record<string, Blow> = {
  'worker killed twice': async ({ host }) => {
    await host.killWorkers('publish')
    await host.killWorkers('publish')
  },
  'connections cut': ({ sql }) =>
    sql.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename = 'authenticator' or application_name like 'pg_cron%'`,
    ),
  'no free connection': exhaust,
  'Postgres crashed': ({ host }) => host.restartPostgres(),
}

/** A spike, one spike for each blow that falls half way through it, and a spike. */
export const runBlows = async (bench: Bench, name: string, count: number): Promise<Blows> => {
  const clients: pg.Client[] = []
  const connect = async () => {
    const client = new pg.Client({ connectionString: bench.host.state.admin_db_url })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const before = await runSpike({ ...bench, sql: await connect() }, `${name} before`, count)
  const sent: Sent[] = [before]
  for (const [what, blow] of Object.entries(BLOWS)) {
    const batch = `${name} ${what}`
    const sql = await connect()
    const due = await scheduleSpike({ ...bench, sql }, batch, count)
    await untilHalfWay(sql, count)
    await blow({ ...bench, sql }, connect)
    const fresh = await connect()
    await letQuietTimePass(fresh, batch)
    sent.push(await comparePublished(fresh, bench.x, { name: batch, since: due - 60_000 }))
  }
  const after = await runSpike({ ...bench, sql: await connect() }, `${name} after`, count)
  await Promise.all(clients.map((client) => client.end()))
  return { ratio: after.postsPerSecond / before.postsPerSecond, sent: [...sent, after] }
}

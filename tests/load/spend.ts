/**
 * What money, places and breakers cost a published post in the database: CPU and WAL of what follows
 * its event, with and without those triggers, in turns; and of the hold that scheduling takes.
 * Usage: node tests/load/spend.ts [--posts N] [--batch N]
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { startScratchPostgres } from '../../scripts/scratch-postgres.ts'
import { seedAccounts } from './claim/seed-accounts.ts'
import { report, say } from './support/report.ts'
import { median } from './support/statistics.ts'

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '20000' },
    batch: { type: 'string', default: '250' },
  },
})
const [posts, batch] = [Number(values.posts), Number(values.batch)]
const TRIGGERS = ['events_after_insert_settle_spend']

type Cost = { us: number; wal: number }

/** Nanoseconds the backend was on a CPU. */
const cpuNs = (pid: number) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])

const costOf = async (sql: Client, pid: number, run: () => Promise<unknown>): Promise<Cost> => {
  const lsn = async () =>
    (await sql.query('select pg_current_wal_insert_lsn() as at')).rows[0].at as string
  const before = { wal: await lsn(), cpu: cpuNs(pid) }
  await run()
  const cpu = cpuNs(pid) - before.cpu
  const { rows } = await sql.query(
    'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::int as wal',
    [before.wal],
  )
  return { us: cpu / 1000 / batch, wal: rows[0].wal / batch }
}

const seedPosts = async (sql: Client): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `with made as (
       insert into public.posts (workspace_id, account_id, content, status, scheduled_at)
       select accounts.workspace_id, accounts.id, 'text', 'scheduled', now() + interval '1 hour'
       from generate_series(1, $1) as n
       join (
         select id, workspace_id, row_number() over () as place, count(*) over () as total
         from public.accounts
       ) as accounts on accounts.place = 1 + n % accounts.total
       returning id, workspace_id
     ), segments as (
       insert into public.post_segments (post_id, position, workspace_id, text, has_url)
       select id, 0, workspace_id, 'text', false from made
     )
     select id from made`,
    [posts],
  )
  return rows.map(({ id }) => id)
}

/** The events of a settled batch, as private.finish_posts writes them. */
const publish = (sql: Client, ids: string[]) =>
  sql.query(
    `insert into public.events (workspace_id, type, subject_type, subject_id, data)
     select workspace_id, 'post.published', 'post', id,
       jsonb_build_object('post_id', id, 'account_id', account_id)
     from public.posts where id = any ($1)`,
    [ids],
  )

const middle = (costs: Cost[], pick: (cost: Cost) => number) =>
  median(costs.map(pick)) ?? Number.NaN

const server = await startScratchPostgres()
const sql = new Client({ connectionString: server.url })
await sql.connect()
await sql.query('set jit = off')
await seedAccounts(sql, 2000)
const { rows } = await sql.query<{ pid: number }>('select pg_backend_pid() as pid')
const pid = rows[0]?.pid ?? 0
const ids = await seedPosts(sql)
await sql.query('analyze')
const batches = Array.from({ length: Math.floor(posts / batch) }, (_, index) =>
  ids.slice(index * batch, (index + 1) * batch),
)

const held: Cost[] = []
for (const some of batches) {
  held.push(await costOf(sql, pid, () => sql.query('select private.reserve_posts($1)', [some])))
}
say(`holds taken for ${ids.length} posts`)

const [withThem, without]: [Cost[], Cost[]] = [[], []]
for (const [index, some] of batches.entries()) {
  const isOn = index % 2 === 0
  for (const trigger of TRIGGERS) {
    await sql.query(`alter table public.events ${isOn ? 'enable' : 'disable'} trigger ${trigger}`)
  }
  const cost = await costOf(sql, pid, () => publish(sql, some))
  if (index > 3) (isOn ? withThem : without).push(cost)
}
const { rows: checked } = await sql.query<{ open: number; settled: number }>(
  `select count(*) filter (where is_open)::int as open,
     count(*) filter (where settled = held and not is_open)::int as settled
   from private.spend_ledger`,
)
report({
  bench: 'spend',
  metrics: {
    settle_cpu_us_per_post: middle(withThem, ({ us }) => us) - middle(without, ({ us }) => us),
    settle_wal_bytes_per_post:
      middle(withThem, ({ wal }) => wal) - middle(without, ({ wal }) => wal),
    hold_cpu_us_per_post: middle(held, ({ us }) => us),
    hold_wal_bytes_per_post: middle(held, ({ wal }) => wal),
  },
  checks: {
    every_other_batch_is_settled:
      checked[0]?.settled === Math.ceil(batches.length / 2) * batch &&
      checked[0].open === Math.floor(batches.length / 2) * batch,
  },
})
await sql.end()
await server.stop()

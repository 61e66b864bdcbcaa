import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { existsIn, type Peer } from './peer.ts'
import { IN_FLIGHT, type PeerJob, type Send } from './sender.ts'

const BATCH = 500
const POLL_MS = 20

const CLAIM = `
  update jobs set state = 'claimed'
  where id in (
    select id from jobs where state = 'waiting' and run_at <= clock_timestamp()
    order by run_at, id limit ${BATCH} for update skip locked
  )
  returning id, job`

/** The limit in Node: claims 500, keeps 64 POSTs in flight, marks the batch done in one statement. */
export const startRaw = async (connectionString: string, send: Send): Promise<Peer> => {
  const pool = new Pool({ connectionString, max: 4 })
  await pool.query(`
    create table jobs (
      id bigint generated always as identity primary key,
      run_at timestamptz not null, state text not null default 'waiting', job jsonb not null
    );
    create index on jobs (run_at, id) where state = 'waiting'`)
  let isStopping = false

  const sendAll = async (jobs: PeerJob[]) => {
    let next = 0
    const lane = async () => {
      for (let job = jobs[next++]; job; job = jobs[next++]) await send(job)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  }
  const work = async () => {
    while (!isStopping) {
      const { rows } = await pool.query<{ id: string; job: PeerJob }>(CLAIM)
      if (rows.length === 0) await sleep(POLL_MS)
      else {
        await sendAll(rows.map(({ job }) => job))
        const ids = rows.map(({ id }) => id)
        await pool.query(`update jobs set state = 'done' where id = any ($1::bigint[])`, [ids])
      }
    }
  }
  const working = work()

  return {
    enqueue: async (jobs, due) => {
      await pool.query(
        'insert into jobs (run_at, job) select $1, job from jsonb_array_elements($2) as job',
        [due, JSON.stringify(jobs)],
      )
    },
    isDrained: async (sql) => !(await existsIn(sql, `jobs where state <> 'done'`)),
    stop: async () => {
      isStopping = true
      await working
      await pool.end()
    },
  }
}

import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import { Pool } from 'pg'
import { existsIn, type Peer } from './peer.ts'
import { IN_FLIGHT, type PeerJob, type Send } from './sender.ts'

const silent = new Logger(() => () => {})

/** graphile-worker with the best settings known: one pool, a local queue, completions in batches. */
export const startGraphile = async (connectionString: string, send: Send): Promise<Peer> => {
  const pgPool = new Pool({ connectionString, max: 20 })
  pgPool.on('error', () => {})
  const utils = await makeWorkerUtils({ pgPool, logger: silent })
  await utils.migrate()
  const runner = await run({
    pgPool,
    logger: silent,
    noHandleSignals: true,
    taskList: { post: (payload) => send(payload as PeerJob) },
    preset: {
      worker: {
        concurrentJobs: IN_FLIGHT,
        pollInterval: 100,
        maxPoolSize: 20,
        localQueue: { size: 2_000 },
        completeJobBatchDelay: 50,
        failJobBatchDelay: 50,
      },
    },
  })

  return {
    enqueue: async (jobs, due) => {
      await pgPool.query(
        `select count(*) from graphile_worker.add_jobs(array(
           select ('post', job, null, $1, null, null, null, null)::graphile_worker.job_spec
           from json_array_elements($2) as job
         ))`,
        [due, JSON.stringify(jobs)],
      )
    },
    isDrained: async (sql) => !(await existsIn(sql, 'graphile_worker._private_jobs')),
    stop: async () => {
      await runner.stop()
      await utils.release()
      await pgPool.end()
    },
  }
}

import { PgBoss } from 'pg-boss'
import { existsIn, type Peer } from './peer.ts'
import type { PeerJob, Send } from './sender.ts'

const QUEUE = 'posts'
const WORKERS = 4
const BATCH = 250

/** pg-boss with the best settings known: four workers of 250, its shortest poll, no pause in a burst. */
export const startPgBoss = async (connectionString: string, send: Send): Promise<Peer> => {
  const boss = new PgBoss({ connectionString, max: 20, supervise: false, schedule: false })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue(QUEUE)
  const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }
  for (let worker = 0; worker < WORKERS; worker += 1) {
    await boss.work<PeerJob>(QUEUE, options, async (jobs) => {
      await Promise.all(jobs.map(({ data }) => send(data)))
    })
  }

  return {
    enqueue: async (jobs, due) => {
      for (let index = 0; index < jobs.length; index += 5_000) {
        const part = jobs.slice(index, index + 5_000)
        await boss.insert(
          QUEUE,
          part.map((data) => ({ data, startAfter: due })),
        )
      }
    },
    isDrained: async (sql) => !(await existsIn(sql, `pgboss.job where state < 'completed'`)),
    stop: () => boss.stop({ graceful: false }),
  }
}

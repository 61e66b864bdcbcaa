import { until } from '../../helpers/until.ts'
import { say } from '../support/report.ts'
import { type Arrived, type Bench, judge, secretsOf, workspacesOf } from './burst.ts'
import { emit, untilDelivered } from './events.ts'
import { seedListeners } from './listeners.ts'

const WORKSPACES = 10
/** Bulk verbs commit no more rows at once. */
const PER_COMMIT = 5_000
const HALF_WAY_MS = 300_000

export type Chaos = { arrived: Arrived; secondsAfterKill: number }

/** So many events and a worker that is killed when half of them are settled. */
export const runChaos = async (bench: Bench, count: number): Promise<Chaos> => {
  const { host, sql, receiver } = bench
  const listeners = await seedListeners(sql, bench, { workspaces: WORKSPACES })
  const workspaces = workspacesOf(listeners)
  const settled = async () =>
    (
      await sql.query<{ count: number }>(
        `select count(*)::int as count from public.webhook_deliveries
         where workspace_id = any ($1) and status = 'delivered'`,
        [workspaces],
      )
    ).rows[0]?.count ?? 0
  let killedAt = 0
  await untilDelivered(sql, { workspaceIds: workspaces, count }, async () => {
    for (let written = 0; written < count; written += PER_COMMIT) {
      await emit(sql, workspaces, Math.min(PER_COMMIT, count - written))
    }
    await until('half are settled', async () => (await settled()) >= count / 2, HALF_WAY_MS)
    await host.killWorkers('deliver')
    killedAt = performance.now()
    say(`chaos: killed a worker after ${await settled()} of ${count}`)
  })
  const secondsAfterKill = (performance.now() - killedAt) / 1000
  const arrived = judge(await receiver.collect(secretsOf(listeners)), count / WORKSPACES)
  return { arrived, secondsAfterKill }
}

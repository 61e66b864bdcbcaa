import { afterAll, expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { startFlakyReceiver } from '../../helpers/flaky-receiver.ts'
import { newSandboxAccount } from '../../helpers/sandbox-account.ts'
import { until } from '../../helpers/until.ts'

const receiver = await startFlakyReceiver()
afterAll(() => receiver.close())

const chaos = useChaosStack({ env: { WEBHOOK_PRIVATE_HOSTS: receiver.host } })

/** A workspace whose events come to the receiver. */
const listen = async (): Promise<string> => {
  const { client, workspaceId } = await newSandboxAccount(chaos.stack().state)
  const { error } = await client.functions.invoke('api/webhook-endpoints', {
    body: { url: receiver.url, max_in_flight: 50 },
  })
  if (error) throw new Error(await error.context.text())
  return workspaceId
}

const emit = async (workspaceId: string, count: number): Promise<string[]> =>
  (
    await chaos.sql().query<{ id: string }>(
      `insert into public.events (workspace_id, type, subject_type, subject_id)
       select $1, 'post.published', 'post', gen_random_uuid() from generate_series(1, $2::int)
       returning id`,
      [workspaceId, count],
    )
  ).rows.map(({ id }) => id)

/** As if the leases of the dead had lapsed; cron then finds them. */
const letLeasesLapse = () =>
  chaos.sql().query(`
    with lapsed as (
      update private.delivery_jobs set run_at = now() where claim_id is not null
      returning endpoint_id
    )
    update private.endpoint_lanes set ready_at = now()
    where endpoint_id in (select endpoint_id from lapsed)`)

const allDelivered = (workspaceId: string, count: number) =>
  until(
    `${count} deliveries`,
    async () => {
      const { rowCount } = await chaos
        .sql()
        .query(
          `select from public.webhook_deliveries where workspace_id = $1 and status = 'delivered'`,
          [workspaceId],
        )
      return rowCount === count
    },
    40_000,
  )

test('a killed worker loses no delivery; what comes twice comes under the same id', async () => {
  const workspaceId = await listen()
  receiver.hold()
  const ids = await emit(workspaceId, 200)
  await until('some are under way', () => ids.filter((id) => receiver.seen.has(id)).length >= 50)

  expect(await chaos.stack().functions.kill('deliver')).toBeGreaterThan(0)
  receiver.release()
  await letLeasesLapse()

  await allDelivered(workspaceId, 200)
  const counts = ids.map((id) => receiver.seen.get(id) ?? 0)
  expect(Math.min(...counts)).toBe(1)
  expect(Math.max(...counts)).toBe(2)
  const { rows } = await chaos
    .sql()
    .query(`select from public.webhook_attempts where workspace_id = $1 and outcome = 'lost'`, [
      workspaceId,
    ])
  expect(rows).toHaveLength(counts.filter((count) => count === 2).length)
})

test('a restart of Postgres while deliveries are under way loses none', async () => {
  const workspaceId = await listen()
  receiver.hold()
  const ids = await emit(workspaceId, 120)
  await until('some are under way', () => ids.filter((id) => receiver.seen.has(id)).length >= 50)

  await chaos.stack().postgres.restart('immediate')
  receiver.release()

  await allDelivered(workspaceId, 120)
  expect(ids.every((id) => receiver.seen.has(id))).toBe(true)
})

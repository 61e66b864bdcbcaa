import { Webhook } from 'standardwebhooks'
import { afterAll, expect, test } from 'vitest'
import { useChaosStack } from '../../helpers/chaos-stack.ts'
import { startFlakyReceiver } from '../../helpers/flaky-receiver.ts'
import { newSandboxAccount } from '../../helpers/sandbox-account.ts'
import { atRandomMoments, chaosSeed, seeded } from '../../helpers/seeded.ts'
import { until } from '../../helpers/until.ts'

/** In the batch that is killed again and again: CHAOS_EVENTS=100000 for the long run. */
const EVENTS = Number(process.env.CHAOS_EVENTS ?? 3_000)
const random = seeded(chaosSeed)

const receiver = await startFlakyReceiver()
afterAll(() => receiver.close())

const chaos = useChaosStack({ env: { WEBHOOK_PRIVATE_HOSTS: receiver.host } })

/** A workspace whose events come to the receiver, and the secret that signs them. */
const listen = async (): Promise<{ workspaceId: string; secret: string }> => {
  const { client, workspaceId } = await newSandboxAccount(chaos.stack().state)
  const { data, error } = await client.functions.invoke('api/webhook-endpoints', {
    body: { url: receiver.url, max_in_flight: 50 },
  })
  if (error) throw new Error(await error.context.text())
  return { workspaceId, secret: data.secret }
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

const delivered = async (workspaceId: string): Promise<number> =>
  Number(
    (
      await chaos
        .sql()
        .query(
          `select count(*) from public.webhook_deliveries where workspace_id = $1 and status = 'delivered'`,
          [workspaceId],
        )
    ).rows[0].count,
  )

const allDelivered = (workspaceId: string, count: number, forMs = 40_000) =>
  until(
    `${count} deliveries`,
    async () => (await delivered(workspaceId).catch(() => 0)) === count,
    forMs,
  )

test('a killed worker strands nothing for more than fifteen seconds, and loses nothing', async () => {
  const { workspaceId } = await listen()
  receiver.hold()
  const ids = await emit(workspaceId, 200)
  await until('some are under way', () => ids.filter((id) => receiver.seen.has(id)).length >= 50)

  const killedAt = Date.now()
  expect(await chaos.stack().functions.kill('deliver')).toBeGreaterThan(0)
  receiver.release()

  await allDelivered(workspaceId, 200)
  const counts = ids.map((id) => receiver.seen.get(id) ?? 0)
  expect(Math.min(...counts)).toBe(1)
  expect(Math.max(...counts)).toBe(2)
  const { rows } = await chaos
    .sql()
    .query<{ number: number; outcome: string; started_at: Date }>(
      `select number, outcome, started_at from public.webhook_attempts where workspace_id = $1`,
      [workspaceId],
    )
  const lost = rows.filter(({ outcome }) => outcome === 'lost')
  expect(lost).toHaveLength(counts.filter((count) => count === 2).length)
  const taken = rows.filter(({ number }) => number === 2)
  expect(taken).toHaveLength(lost.length)
  const lastStart = Math.max(...taken.map(({ started_at }) => started_at.getTime()))
  expect(lastStart - killedAt).toBeLessThanOrEqual(15_000)
})

test('a restart of Postgres while deliveries are under way loses none', async () => {
  const { workspaceId } = await listen()
  receiver.hold()
  const ids = await emit(workspaceId, 120)
  await until('some are under way', () => ids.filter((id) => receiver.seen.has(id)).length >= 50)

  await chaos.stack().postgres.restart('immediate')
  receiver.release()

  await allDelivered(workspaceId, 120)
  expect(ids.every((id) => receiver.seen.has(id))).toBe(true)
})

test(`${EVENTS} events arrive, each signed and once by its id, while workers are killed (seed ${chaosSeed})`, {
  timeout: 60_000 + EVENTS * 20,
}, async () => {
  const { workspaceId, secret } = await listen()
  const webhook = new Webhook(secret)
  const taken = new Map<string, number>()
  receiver.onRequest((headers, body) => {
    const event = webhook.verify(body, headers) as { id: string; sequence: number }
    expect(event.id).toBe(headers['webhook-id'])
    taken.set(event.id, event.sequence)
  })

  const ids: string[] = []
  const kill = () => chaos.stack().functions.kill('deliver')
  const kills = atRandomMoments(random, { times: 5, forMs: 2_000 + EVENTS / 2 }, kill)
  while (ids.length < EVENTS)
    ids.push(...(await emit(workspaceId, Math.min(500, EVENTS - ids.length))))
  await kills

  await allDelivered(workspaceId, EVENTS, 40_000 + EVENTS * 10)
  expect([...taken.keys()].sort()).toEqual([...ids].sort())
  expect(new Set(taken.values()).size).toBe(EVENTS)
})

import { randomUUID } from 'node:crypto'
import type { DeliveryClaim, DeliveryResult, Settled } from '../../shared/webhooks/batches.ts'
import { asOwner, asUser, type Person, signUp } from './callers.ts'
import type { Tx } from './database.ts'

/** A moment after every event of a test, which claims and settles are made relative to. */
export const NOW = new Date(Date.now() + 3_600_000)
export const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)

const one = async <T>(tx: Tx, sql: string, values: unknown[] = []): Promise<T> =>
  (await tx.query<{ value: T }>(`select (${sql}) as value`, values)).rows[0]?.value as T

export type Endpoint = {
  id: string
  workspace_id: string
  version: number
  status: string
} & Record<string, unknown>

/** Runs one call as a signed-in person, on a connection that stays the owner's. */
export const callAs = async <T>(tx: Tx, person: Person, sql: string, values: unknown[] = []) => {
  await asUser(tx, person.id)
  try {
    return await one<T>(tx, sql, values)
  } finally {
    await asOwner(tx).catch(() => {})
  }
}

/** An endpoint with a (sealed, meaningless) secret, made by the verb its owner would use. */
export async function createEndpoint(
  tx: Tx,
  options: Record<string, unknown> = {},
  person?: Person,
): Promise<{ endpoint: Endpoint; person: Person }> {
  const owner = person ?? (await signUp(tx))
  const wanted = { id: randomUUID(), url: 'https://example.com/hook', ...options }
  const sql = `public.create_webhook_endpoint($1, $2, 'v1.test.iv.sealed')`
  const claims = JSON.stringify({ sub: owner.id, role: 'authenticated' })
  await tx.query(`select set_config('request.jwt.claims', $1, false)`, [claims])
  const endpoint = await one<Endpoint>(tx, sql, [owner.workspaceId, wanted])
  await tx.query(`select set_config('request.jwt.claims', '', false)`)
  return { endpoint, person: owner }
}

/** Writes `count` events in one statement; returns their ids in order. */
export const emit = async (tx: Tx, workspaceId: string, type = 'post.published', count = 1) =>
  (
    await tx.query<{ id: string }>(
      `insert into public.events (workspace_id, type, subject_type, subject_id)
       select $1, $2, 'post', gen_random_uuid() from generate_series(1, $3) returning id`,
      [workspaceId, type, count],
    )
  ).rows.map(({ id }) => id)

export const stamp = (tx: Tx): Promise<number> => one(tx, 'private.stamp_events()')

type ClaimOptions = { claimId?: string; workerId?: string; limit?: number; now?: Date }

export const claim = (
  tx: Tx,
  { claimId = randomUUID(), workerId = randomUUID(), limit = 250, now = NOW }: ClaimOptions = {},
): Promise<DeliveryClaim> =>
  one(tx, 'service.claim_deliveries($1, $2, $3, p_now => $4)', [claimId, workerId, limit, now])

type Claimed = DeliveryClaim['deliveries'][number]

export const resultOf = (delivery: Claimed, rest: object): DeliveryResult =>
  ({
    delivery_id: delivery.id,
    endpoint_id: delivery.endpoint_id,
    number: delivery.number,
    started_at: NOW.toISOString(),
    duration_ms: 5,
    ...rest,
  }) as DeliveryResult

export const delivered = { outcome: 'delivered', http_status: 200, response: 'ok' }
export const retry = (seconds: number, rest: object = {}) => ({
  outcome: 'retry',
  http_status: 500,
  error: 'http-500',
  retry_after_ms: seconds * 1000,
  ...rest,
})

export const settle = (tx: Tx, results: DeliveryResult[], now = NOW): Promise<Settled> =>
  one(tx, 'service.settle_deliveries($1, p_now => $2)', [JSON.stringify(results), now])

/** Settles everything of a claim alike. */
export const settleAll = (tx: Tx, batch: DeliveryClaim, rest: object, now = NOW) =>
  settle(
    tx,
    batch.deliveries.map((delivery) => resultOf(delivery, rest)),
    now,
  )

/** An attempt that fails each time so many seconds have passed, and is tried again at the next. */
export const failAt = async (tx: Tx, moments: number[]) => {
  for (const [index, moment] of moments.entries()) {
    const wait = (moments[index + 1] ?? moment + 60) - moment
    await settleAll(tx, await claim(tx, { now: at(moment) }), retry(wait), at(moment))
  }
}

export type DeliveryRow = {
  id: string
  event_id: string
  endpoint_id: string
  status: string
  failure: string | null
  attempt_count: number
  next_attempt_at: Date | null
}

export const readDeliveries = async (tx: Tx, endpointId: string): Promise<DeliveryRow[]> =>
  (
    await tx.query<DeliveryRow>(
      'select * from public.webhook_deliveries where endpoint_id = $1 order by id',
      [endpointId],
    )
  ).rows

export const readEndpoint = async (tx: Tx, endpointId: string) =>
  (await tx.query('select * from public.webhook_endpoints where id = $1', [endpointId])).rows[0]

export const tick = (tx: Tx, now = NOW): Promise<boolean> =>
  one(tx, 'private.deliver_tick($1)', [now])

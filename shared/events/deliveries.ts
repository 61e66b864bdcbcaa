import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { Delivery } from './delivery.ts'

export type DeliveryFilter = Partial<
  Record<'endpoint_id' | 'event_id' | 'event_type' | 'status' | 'from' | 'to', string>
>

/** At most `count` deliveries of a workspace (null: the personal one), newest first. */
export const listDeliveries = async (
  caller: Caller,
  workspaceId: string | null,
  filter: DeliveryFilter,
  before: string | null,
  count: number,
): Promise<Delivery[]> => {
  const rows = await caller.rpc<unknown[]>('list_deliveries', {
    p_workspace_id: workspaceId,
    p_filter: filter,
    p_before: before,
    p_limit: count,
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  return rows.map((row) => Delivery.parse(row))
}

/** Throws 404 when the delivery is absent or not the caller's to see. */
export const getDelivery = async (
  caller: Pick<Caller, 'rpc'>,
  deliveryId: string,
): Promise<Delivery> => {
  const delivery = await caller.rpc('get_delivery', { p_delivery_id: deliveryId })
  if (delivery === null) throw problems.notFound()
  return Delivery.parse(delivery)
}

/** Sends it again under the same webhook-id, from the start of the retry schedule. */
export const replayDelivery = async (
  caller: Pick<Caller, 'rpc'>,
  deliveryId: string,
): Promise<Delivery> =>
  Delivery.parse(await caller.rpc('replay_delivery', { p_delivery_id: deliveryId }))

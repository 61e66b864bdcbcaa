import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { newestFirst } from '../db/newest-first.ts'
import { problems } from '../http/problems.ts'
import { inWorkspace } from '../workspaces/in-workspace.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import { WebhookEndpoint } from './endpoint.ts'

export type EndpointKey = [createdAt: string, id: string]

/** At most `count` endpoints of a workspace (null: the personal one), newest first, after a key. */
export const listEndpoints = async (
  caller: Caller,
  workspaceId: string | null,
  after: EndpointKey | null,
  count: number,
): Promise<WebhookEndpoint[]> => {
  const rows = await caller.select('webhook_endpoints', {
    ...inWorkspace(caller, workspaceId),
    ...newestFirst(after, count),
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  return z.array(WebhookEndpoint).parse(rows)
}

/** Throws 404 when the endpoint is absent or not the caller's to see. */
export const getEndpoint = async (
  caller: Pick<Caller, 'select'>,
  endpointId: string,
): Promise<WebhookEndpoint> => {
  const [row] = await caller.select('webhook_endpoints', { id: `eq.${endpointId}` })
  if (!row) throw problems.notFound()
  return WebhookEndpoint.parse(row)
}

import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'

const instant = (description: string) => z.iso.datetime({ offset: true }).meta({ description })

export const RecoverInput = z
  .strictObject({
    since: instant('From when on; 30 days ago at most.'),
    until: instant('Before when. Absent: until now.').optional(),
  })
  .meta({ id: 'RecoverDeliveries' })

export type RecoverInput = z.infer<typeof RecoverInput>

export const RecoveredDeliveries = z
  .object({
    deliveries: z.int().meta({ description: 'How many will be sent; or would be, in a dry run.' }),
    has_more: z.boolean().meta({ description: 'true: there are more. Send the request again.' }),
  })
  .meta({ id: 'RecoveredDeliveries' })

export type RecoveredDeliveries = z.infer<typeof RecoveredDeliveries>

/** failed: deliveries that failed; missing: events of which no delivery was made. */
export type Lacking = { id: string; lack: 'failed' | 'missing' }

const LONGEST_MS = 30 * 86_400_000
/** Of 5,000 each: what one request can do in its time. */
const MOST_BATCHES = 20

/**
 * Has an endpoint get what it missed in a period. Each batch commits by itself, and what was
 * recovered is not found again: after a crash, or with `has_more`, the same request goes on.
 * Throws 422 for a period that is none, 409 when the endpoint is disabled, 410 when something of
 * the period is kept no longer.
 */
export const recoverDeliveries = async (
  deps: Pick<Deps, 'now'>,
  caller: Pick<Caller, 'rpc'>,
  { id, lack }: Lacking,
  { since, until }: RecoverInput,
  dryRun: boolean,
): Promise<RecoveredDeliveries> => {
  requirePeriod(since, until, deps.now())
  const args = {
    p_endpoint_id: id,
    p_kind: lack,
    p_since: since,
    p_until: until ?? null,
    p_is_dry: dryRun,
  }
  let total = 0
  for (let batch = 1; ; batch += 1) {
    const answer = await caller.rpc('recover_deliveries', args)
    const { deliveries, has_more } = RecoveredDeliveries.parse(answer)
    total += deliveries
    if (dryRun || !has_more || batch === MOST_BATCHES) return { deliveries: total, has_more }
  }
}

const requirePeriod = (since: string, until: string | undefined, now: Date): void => {
  const from = Date.parse(since)
  if (from < now.getTime() - LONGEST_MS) {
    throw problems.invalid([{ pointer: '/since', detail: 'Must be 30 days ago at most.' }])
  }
  if (from >= now.getTime()) {
    throw problems.invalid([{ pointer: '/since', detail: 'Must be in the past.' }])
  }
  if (until !== undefined && Date.parse(until) <= from) {
    throw problems.invalid([{ pointer: '/until', detail: 'Must be later than since.' }])
  }
}

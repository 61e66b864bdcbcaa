import { randomUUID } from 'node:crypto'
import type { ClaimedDelivery, ClaimedEvent } from '../../shared/webhooks/batches.ts'

/** An event as a worker gets it from the database. */
export const claimedEvent = (rest: Partial<ClaimedEvent> = {}): ClaimedEvent => ({
  id: randomUUID(),
  type: 'post.published',
  workspace_id: randomUUID(),
  sequence: 7,
  subject_type: 'post',
  subject_id: randomUUID(),
  created_at: '2026-11-22T11:59:59.123456+00:00',
  data: {},
  ...rest,
})

/** A delivery as a worker gets it from the database. */
export const claimedDelivery = (rest: Partial<ClaimedDelivery> = {}): ClaimedDelivery => ({
  id: randomUUID(),
  endpoint_id: randomUUID(),
  number: 1,
  failure_count: 0,
  event: claimedEvent(),
  ...rest,
})

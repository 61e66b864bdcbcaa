import type { Bytes } from '../crypto/bytes.ts'
import type { ClaimedEvent } from './batches.ts'

/** Standard Webhooks asks for payloads below 20 kB. */
const MAX_BYTES = 20_000

/**
 * The body of a delivery: the same bytes for every attempt of an event. One that would be too large
 * says whom it is about and leaves the rest to GET /events.
 */
export const eventBody = (event: ClaimedEvent): Bytes => {
  const { id, type, workspace_id, sequence, created_at: timestamp, data } = event
  const encode = (data: Record<string, unknown>) =>
    new TextEncoder().encode(
      JSON.stringify({ type, timestamp, id, workspace_id, sequence, data }),
    ) as Bytes
  const whole = encode(data)
  if (whole.length <= MAX_BYTES) return whole
  return encode({ [`${event.subject_type}_id`]: event.subject_id, truncated: true })
}

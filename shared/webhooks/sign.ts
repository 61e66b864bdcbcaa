import { createHmac } from 'node:crypto'
import type { Bytes } from '../crypto/bytes.ts'

/**
 * The webhook-signature header of Standard Webhooks: one `v1,<base64>` per secret, separated by
 * spaces, over `<id>.<timestamp>.<body>`. `secrets` are the bytes of `secretBytes`; `timestamp` is in
 * unix seconds; `id` holds no dot.
 */
export const sign = (secrets: Bytes[], id: string, timestamp: number, body: Bytes): string =>
  secrets
    .map((secret) => {
      const hmac = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body)
      return `v1,${hmac.digest('base64')}`
    })
    .join(' ')

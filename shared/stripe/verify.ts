import type { Bytes } from '../crypto/bytes.ts'
import type { Client } from './client.ts'

/** Older signatures are refused: somebody recorded them. */
const TOLERANCE_SECONDS = 300

export type StripeEvent = { id: string; type: string; livemode: boolean }

/**
 * The event when Stripe signed these bytes within the last 300 s with one of the secrets, null
 * otherwise. Two secrets are valid while one is being rolled.
 */
export const verify = async (
  { stripe, cryptoProvider }: Client,
  secrets: string[],
  body: Bytes,
  signature: string,
  now: Date,
): Promise<StripeEvent | null> => {
  for (const secret of secrets) {
    try {
      return await stripe.webhooks.constructEventAsync(
        body,
        signature,
        secret,
        TOLERANCE_SECONDS,
        cryptoProvider,
        now.getTime(),
      )
    } catch {
      // Signed with another secret, or not at all.
    }
  }
  return null
}

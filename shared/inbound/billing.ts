import type { Deps } from '../deps.ts'
import { leaseOf, type Receipt } from './receipt.ts'

export type Tier = 'pro' | 'enterprise'

/** A subscription as the payment provider has it now. */
export type Subscribed = {
  subscription_id: string
  customer_id: string | null
  /** The provider's word. */
  status: string
  /** Null when its price is for sale no more, or never was ours. */
  tier: Tier | null
  /** ISO instant until which a canceled one was paid for; null when it was not. */
  paid_until: string | null
}

export type Dispute = {
  dispute_id: string
  customer_id: string | null
  status: string
  reason: string
  /** In the currency's smallest unit. */
  amount: number
  currency: string
}

/** What an event may be about. It says nothing else that is believed. */
export type Hint =
  | { kind: 'subscription'; id: string }
  | { kind: 'dispute'; id: string }
  | { kind: 'unknown' }

/** Reads at the payment provider; throws when it cannot be asked. */
export type Billing = {
  subscription(id: string): Promise<Subscribed>
  dispute(id: string): Promise<Dispute>
}

/**
 * Takes an event as a hint: reads at the provider what is the case now and saves that. The reading is
 * numbered before it begins, so that an older one never overwrites a newer.
 */
export const takeHint = async (
  deps: Pick<Deps, 'env' | 'service'>,
  billing: Billing,
  receipt: Receipt,
  hint: Hint,
): Promise<void> => {
  const lease = leaseOf(receipt)
  switch (hint.kind) {
    case 'subscription': {
      const p_reading = await deps.service<number>('begin_reading', { p_subscription_id: hint.id })
      await deps.service('save_subscription', {
        ...lease,
        p_reading,
        p_subscription: await billing.subscription(hint.id),
        p_grace: `${deps.env.STRIPE_GRACE_DAYS} days`,
      })
      return
    }
    case 'dispute':
      await deps.service('save_dispute', { ...lease, p_dispute: await billing.dispute(hint.id) })
      return
    case 'unknown':
      await deps.service('finish_inbound', { ...lease, p_outcome: 'unknown' })
  }
}

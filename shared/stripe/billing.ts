import type { Stripe } from 'stripe'
import type { Billing, Tier } from '../inbound/billing.ts'
import type { Client } from './client.ts'

type Tiers = Record<string, Tier>

const idOf = (reference: string | { id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null)

const rank: Record<Tier, number> = { pro: 1, enterprise: 2 }

const tierOf = ({ items }: Stripe.Subscription, tiers: Tiers): Tier | null => {
  const sold = items.data.flatMap(({ price }) => tiers[price.id] ?? [])
  return sold.sort((one, other) => rank[other] - rank[one])[0] ?? null
}

/** A subscription that ended because nobody paid, or the payment was disputed, was not paid for. */
const paidUntil = ({ items, cancellation_details }: Stripe.Subscription): string | null => {
  const reason = cancellation_details?.reason
  if (reason === 'payment_failed' || reason === 'payment_disputed') return null
  const ends = items.data.map((item) => item.current_period_end)
  return ends.length === 0 ? null : new Date(Math.max(...ends) * 1_000).toISOString()
}

/**
 * Subscriptions and disputes, read at Stripe. `tiers` says which price gives which tier. Stripe forgets
 * none, so one it does not know is a fault of ours (another account's key, say) and takes away nothing.
 */
export const createBilling = ({ stripe }: Client, tiers: Tiers): Billing => ({
  subscription: async (id) => {
    const subscription = await stripe.subscriptions.retrieve(id)
    return {
      subscription_id: id,
      customer_id: idOf(subscription.customer),
      status: subscription.status,
      tier: tierOf(subscription, tiers),
      paid_until: paidUntil(subscription),
    }
  },
  dispute: async (id) => {
    const dispute = await stripe.disputes.retrieve(id, { expand: ['charge'] })
    const charge = typeof dispute.charge === 'string' ? null : dispute.charge
    return {
      dispute_id: id,
      customer_id: idOf(charge?.customer),
      status: dispute.status,
      reason: dispute.reason,
      amount: dispute.amount,
      currency: dispute.currency,
    }
  },
})

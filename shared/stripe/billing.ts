import type { Stripe } from 'stripe'
import type { Billing, Subscribed, Tier } from '../inbound/billing.ts'
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

const isMissing = (error: unknown): boolean =>
  (error as { code?: string } | null)?.code === 'resource_missing'

const missing = (id: string): Subscribed => ({
  subscription_id: id,
  customer_id: null,
  status: 'missing',
  tier: null,
  paid_until: null,
})

/** Subscriptions and disputes, read at Stripe. `tiers` says which price gives which tier. */
export const createBilling = ({ stripe }: Client, tiers: Tiers): Billing => ({
  subscription: async (id) => {
    try {
      const subscription = await stripe.subscriptions.retrieve(id)
      return {
        subscription_id: id,
        customer_id: idOf(subscription.customer),
        status: subscription.status,
        tier: tierOf(subscription, tiers),
        paid_until: paidUntil(subscription),
      }
    } catch (error) {
      if (isMissing(error)) return missing(id)
      throw error
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

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Stripe } from 'stripe'

export const STRIPE = {
  key: 'sk_test_sandbox',
  secret: 'whsec_current',
  previousSecret: 'whsec_previous',
  prices: { price_pro: 'pro', price_enterprise: 'enterprise' },
}

export type Subscription = {
  id: string
  customer: string
  status: string
  price: string
  /** Unix seconds. */
  periodEnd?: number
  reason?: string
}

/** A subscription as Stripe's API shows it, as far as anybody here reads it. */
const shown = (subscription: Subscription) => ({
  id: subscription.id,
  object: 'subscription',
  customer: subscription.customer,
  status: subscription.status,
  livemode: false,
  cancellation_details: { reason: subscription.reason ?? null },
  items: {
    object: 'list',
    data: [
      {
        id: `si_${subscription.id}`,
        price: { id: subscription.price },
        current_period_end: subscription.periodEnd ?? 0,
      },
    ],
  },
})

const missing = {
  error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such' },
}

/** What the official client reads of Stripe's API, on loopback, with objects a test sets. */
export async function startStripe() {
  const objects = new Map<string, object>()
  let down = false
  let reads = 0
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const isOurs = request.headers.authorization === `Bearer ${STRIPE.key}`
    reads += 1
    const found = objects.get(path)
    const status = down ? 500 : !isOurs ? 401 : found ? 200 : 404
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? found : missing))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    set: (subscription: Subscription) =>
      objects.set(`/v1/subscriptions/${subscription.id}`, shown(subscription)),
    setDispute: (id: string, status: string, customer: string) =>
      objects.set(`/v1/disputes/${id}`, {
        id,
        object: 'dispute',
        status,
        reason: 'fraudulent',
        amount: 900,
        currency: 'eur',
        charge: { id: 'ch_1', object: 'charge', customer },
      }),
    setDown: (isDown: boolean) => {
      down = isDown
    },
    reads: () => reads,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

let events = 0

/** An event of Stripe as it is sent: its body, and the header the official package makes for it. */
export const stripeEvent = (
  type: string,
  object: object,
  {
    secret = STRIPE.secret,
    id = `evt_${Date.now()}_${++events}`,
    livemode = false,
    timestamp = 0,
  } = {},
) => {
  const payload = JSON.stringify({
    id,
    object: 'event',
    type,
    livemode,
    created: Math.floor(Date.now() / 1_000),
    data: { object },
  })
  const signed = { payload, secret, ...(timestamp ? { timestamp } : {}) }
  const header = Stripe.webhooks.generateTestHeaderString(signed)
  return { id, payload, header }
}

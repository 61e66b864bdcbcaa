import { Hono } from 'hono'
import type { Deps } from '../../shared/deps.ts'
import { problems } from '../../shared/http/problems.ts'
import { takeHint } from '../../shared/inbound/billing.ts'
import type { Handle } from '../../shared/inbound/process-receipts.ts'
import type { Arrival } from '../../shared/inbound/receipt.ts'
import { createBilling } from '../../shared/stripe/billing.ts'
import { type Client, loadStripe } from '../../shared/stripe/client.ts'
import { hintOf } from '../../shared/stripe/hint.ts'
import { verify } from '../../shared/stripe/verify.ts'
import { readBytes, textOf } from './read-bytes.ts'

/** Loads the package once, with the first event. */
const once = (deps: Pick<Deps, 'env' | 'fetch'>): (() => Promise<Client>) => {
  let client: Promise<Client> | undefined
  return () => {
    client ??= loadStripe(deps)
    return client
  }
}

/** Processes stored events of Stripe: reads there what they hint at. */
export const createStripeReader = (deps: Pick<Deps, 'env' | 'fetch' | 'service'>): Handle => {
  const load = once(deps)
  return async (receipt) => {
    if (!deps.env.STRIPE_SECRET_KEY) throw new Error('STRIPE_SECRET_KEY is not set')
    const billing = createBilling(await load(), deps.env.STRIPE_TIERS)
    await takeHint(deps, billing, receipt, hintOf(receipt.body))
  }
}

/** `POST /stripe` takes events of the mode our key belongs to, signed with one of our secrets. */
export const stripe = (
  deps: Pick<Deps, 'env' | 'fetch' | 'now'>,
  receive: (arrival: Arrival) => Promise<void>,
) => {
  const load = once(deps)
  return new Hono().post('/', async (c) => {
    const { STRIPE_WEBHOOK_SECRETS: secrets, STRIPE_SECRET_KEY: key } = deps.env
    if (secrets.length === 0) throw problems.inboundUnconfigured('STRIPE_WEBHOOK_SECRETS')
    if (!key) throw problems.inboundUnconfigured('STRIPE_SECRET_KEY')
    const bytes = await readBytes(c.req.raw)
    const signature = c.req.header('stripe-signature') ?? ''
    const event = await verify(await load(), secrets, bytes, signature, deps.now())
    if (!event) throw problems.signatureInvalid('Stripe')
    const isLive = key.includes('_live_')
    if (event.livemode !== isLive) throw problems.livemodeMismatch(isLive)
    await receive({
      provider: 'stripe',
      event_id: event.id,
      type: event.type,
      body: textOf(bytes),
    })
    return c.json({ status: 'received' })
  })
}

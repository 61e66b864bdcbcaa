import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useOwnStack } from '../helpers/own-stack.ts'
import { STRIPE, startStripe, stripeEvent } from '../helpers/stripe-sandbox.ts'
import { until } from '../helpers/until.ts'

const stripe = await startStripe()
const stack = useOwnStack({
  env: {
    STRIPE_SECRET_KEY: STRIPE.key,
    STRIPE_WEBHOOK_SECRETS: `${STRIPE.secret},${STRIPE.previousSecret}`,
    STRIPE_TIERS: JSON.stringify(STRIPE.prices),
    STRIPE_API_URL: stripe.url,
  },
})
let database: Client

beforeAll(async () => {
  database = new Client({ connectionString: stack().state.db_url })
  await database.connect()
})
afterAll(async () => {
  await database.end()
  await stripe.close()
})

const send = ({ payload, header }: ReturnType<typeof stripeEvent>) =>
  fetch(`${stack().state.functions_url}/inbound/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': header },
    body: payload,
  })

/** Somebody who signed up, and whom our checkout has linked to a customer. */
const newCustomer = async () => {
  const { api_url, publishable_key, secret_key } = stack().state
  const options = { auth: { persistSession: false } }
  const frontend = createClient(api_url, publishable_key, options)
  const email = `${randomUUID()}@example.com`
  const { data } = await frontend.auth.signUp({ email, password: 'correct horse battery' })
  const service = createClient(api_url, secret_key, { ...options, db: { schema: 'service' } })
  const customer = `cus_${randomUUID()}`
  const { error } = await service.rpc('link_billing_customer', {
    p_user_id: data.user?.id,
    p_customer_id: customer,
  })
  if (error) throw new Error(error.message)
  const readTier = async () =>
    (await frontend.from('users').select('subscription_tier').single()).data?.subscription_tier
  return { customer, readTier }
}

test('a subscription bought, upgraded and ended is the tier of who bought it, whatever comes twice or late', async () => {
  const { customer, readTier } = await newCustomer()
  const id = `sub_${randomUUID()}`
  const session = { id: 'cs_1', object: 'checkout.session', subscription: id, customer }
  const changed = () => stripeEvent('customer.subscription.updated', { id, object: 'subscription' })
  const late = changed()

  stripe.set({ id, customer, status: 'active', price: 'price_pro' })
  const bought = stripeEvent('checkout.session.completed', session)
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(bought)))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  await until('the tier is pro', async () => (await readTier()) === 'pro')
  const { rows } = await database.query(
    'select id from private.inbound_receipts where event_id = $1',
    [bought.id],
  )
  expect(rows).toHaveLength(1)

  stripe.set({ id, customer, status: 'active', price: 'price_enterprise' })
  expect((await send(changed())).status).toBe(200)
  await until('the tier is enterprise', async () => (await readTier()) === 'enterprise')

  stripe.set({
    id,
    customer,
    status: 'canceled',
    price: 'price_enterprise',
    reason: 'payment_failed',
  })
  expect((await send(stripeEvent('customer.subscription.deleted', { id }))).status).toBe(200)
  await until('the tier is free', async () => (await readTier()) === 'free')

  expect((await send(late)).status).toBe(200)
  await until('the late event is processed', async () => {
    const done = await database.query(
      'select 1 from private.inbound_receipts where event_id = $1 and outcome is not null',
      [late.id],
    )
    return done.rows.length === 1
  })
  expect(await readTier()).toBe('free')
})

test('while Stripe cannot be asked an event waits, and is processed afterwards', async () => {
  const { customer, readTier } = await newCustomer()
  const id = `sub_${randomUUID()}`
  stripe.set({ id, customer, status: 'trialing', price: 'price_pro' })
  stripe.setDown(true)
  const before = stripe.reads()
  const event = stripeEvent(
    'customer.subscription.created',
    { id },
    { secret: STRIPE.previousSecret },
  )
  expect((await send(event)).status).toBe(200)
  await until('Stripe was asked in vain', () => stripe.reads() > before)
  expect(await readTier()).toBe('free')
  stripe.setDown(false)
  await until('the tier is pro', async () => (await readTier()) === 'pro', 30_000)
})

test('a disputed payment is an alert', async () => {
  stripe.setDispute('dp_1', 'needs_response', 'cus_1')
  expect((await send(stripeEvent('charge.dispute.created', { id: 'dp_1' }))).status).toBe(200)
  await until('the operator is told', async () => {
    const { rows } = await database.query(
      `select 1 from private.alerts where kind = 'payment-disputed' and subject = 'dp_1'`,
    )
    return rows.length === 1
  })
})

test('an event with a made-up signature is refused', async () => {
  const event = stripeEvent(
    'customer.subscription.updated',
    { id: 'sub_1' },
    { secret: 'whsec_made_up' },
  )
  const response = await send(event)
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
})

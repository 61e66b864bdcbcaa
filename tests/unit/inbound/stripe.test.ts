import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../../functions/inbound/app.ts'
import { parseEnv } from '../../../shared/env.ts'
import { networkOf } from '../../../shared/networks/network-of.ts'
import { createBilling } from '../../../shared/stripe/billing.ts'
import { loadStripe } from '../../../shared/stripe/client.ts'
import { hintOf } from '../../../shared/stripe/hint.ts'
import { fakeApi, NOW, VARIABLES } from '../../helpers/fake-api.ts'
import { STRIPE, startStripe, stripeEvent } from '../../helpers/stripe-sandbox.ts'

let sandbox: Awaited<ReturnType<typeof startStripe>>
beforeAll(async () => {
  sandbox = await startStripe()
})
afterAll(() => sandbox.close())

const settings = () => ({
  ...VARIABLES,
  STRIPE_SECRET_KEY: STRIPE.key,
  STRIPE_WEBHOOK_SECRETS: `${STRIPE.secret}, ${STRIPE.previousSecret}`,
  STRIPE_TIERS: JSON.stringify(STRIPE.prices),
  STRIPE_API_URL: sandbox.url,
})

const at = (seconds: number) => Math.floor(NOW.getTime() / 1_000) + seconds

/** Sends one event to the function; `calls` is what it asked of the database. */
const send = async (
  event: { payload: string; header?: string },
  changes: Record<string, string | undefined> = {},
) => {
  const fake = fakeApi({ 'service.claim_inbound': () => ({ receipts: [], next_in_ms: null }) })
  const deps = { ...fake.deps, env: parseEnv({ ...settings(), ...changes }), sleep: async () => {} }
  const response = await createApp(deps, networkOf(deps)).request(
    'https://project.example.com/inbound/stripe',
    {
      method: 'POST',
      body: event.payload,
      headers: event.header === undefined ? {} : { 'stripe-signature': event.header },
    },
  )
  const stored = fake.calls.filter(({ name }) => name === 'service.receive_inbound')
  return { status: response.status, body: await response.json(), stored }
}

const now = at(0)

test.each([
  ['the current secret', STRIPE.secret],
  ['the previous secret, while it is rolled', STRIPE.previousSecret],
])('an event signed with %s is stored word for word before the answer', async (_, secret) => {
  const event = stripeEvent('invoice.paid', { id: 'in_1' }, { secret, timestamp: now })
  const { status, stored } = await send(event)
  expect(status).toBe(200)
  expect(stored.map(({ args }) => args)).toEqual([
    {
      p_receipts: [
        { provider: 'stripe', event_id: event.id, type: 'invoice.paid', body: event.payload },
      ],
    },
  ])
})

test.each([
  ['another secret', () => stripeEvent('a.b', {}, { secret: 'whsec_other', timestamp: now })],
  ['a signature of 301 s ago', () => stripeEvent('a.b', {}, { timestamp: at(-301) })],
  [
    'a changed body',
    () => {
      const event = stripeEvent('a.b', {}, { timestamp: now })
      return { ...event, payload: event.payload.replace('a.b', 'a.c') }
    },
  ],
  ['no signature', () => ({ payload: stripeEvent('a.b', {}).payload })],
])('an event with %s is refused and not stored', async (_, make) => {
  const { status, body, stored } = await send(make())
  expect([status, body.type.split('#')[1], stored]).toEqual([401, 'signature-invalid', []])
})

test('a signature of 299 s ago is still good', async () => {
  expect((await send(stripeEvent('a.b', {}, { timestamp: at(-299) }))).status).toBe(200)
})

test("an event of the other mode than the key's is refused", async () => {
  const live = stripeEvent('a.b', {}, { livemode: true, timestamp: now })
  const { status, body, stored } = await send(live)
  expect([status, body.type.split('#')[1], stored]).toEqual([422, 'livemode-mismatch', []])
  const test = stripeEvent('a.b', {}, { timestamp: now })
  expect((await send(test, { STRIPE_SECRET_KEY: 'rk_live_1' })).status).toBe(422)
  expect((await send(live, { STRIPE_SECRET_KEY: 'rk_live_1' })).status).toBe(200)
})

test.each(['STRIPE_WEBHOOK_SECRETS', 'STRIPE_SECRET_KEY'])(
  'without %s the answer names what is missing',
  async (name) => {
    const { status, body } = await send(stripeEvent('a.b', {}), { [name]: '' })
    expect(status).toBe(503)
    expect(body.detail).toContain(name)
  },
)

test('an event that could not be stored is not acknowledged, so that Stripe sends it again', async () => {
  const fake = fakeApi({
    'service.receive_inbound': () => {
      throw new Error('no database')
    },
  })
  const deps = { ...fake.deps, env: parseEnv(settings()), sleep: async () => {} }
  const { payload, header } = stripeEvent('a.b', {}, { timestamp: now })
  const response = await createApp(deps, networkOf(deps)).request(
    'https://project.example.com/inbound/stripe',
    { method: 'POST', body: payload, headers: { 'stripe-signature': header } },
  )
  expect(response.status).toBe(500)
})

test.each([
  ['customer.subscription.deleted', { id: 'sub_1' }, 'sub_1'],
  ['checkout.session.completed', { id: 'cs_1', subscription: 'sub_1' }, 'sub_1'],
  ['checkout.session.completed', { id: 'cs_1', subscription: { id: 'sub_1' } }, 'sub_1'],
  [
    'invoice.paid',
    { id: 'in_1', parent: { subscription_details: { subscription: 'sub_1' } } },
    'sub_1',
  ],
  ['invoice.payment_failed', { id: 'in_1', subscription: 'sub_1' }, 'sub_1'],
])('%s hints at a subscription', (type, object, id) => {
  expect(hintOf(stripeEvent(type, object).payload)).toEqual({ kind: 'subscription', id })
})

test.each([
  ['checkout.session.completed', { id: 'cs_1', subscription: null }],
  ['invoice.paid', { id: 'in_1' }],
  ['customer.updated', { id: 'cus_1' }],
])('%s of nothing we sell hints at nothing', (type, object) => {
  expect(hintOf(stripeEvent(type, object).payload)).toEqual({ kind: 'unknown' })
})

test('what was never JSON hints at nothing', () => {
  expect(hintOf('{')).toEqual({ kind: 'unknown' })
})

test('a subscription is read with its best tier, its customer and what was paid for', async () => {
  const client = await loadStripe({ env: parseEnv(settings()), fetch })
  const billing = createBilling(client, { price_pro: 'pro' })
  const end = at(86_400)
  const plain = { id: 'sub_1', customer: 'cus_1', status: 'canceled', price: 'price_pro' }
  sandbox.set({ ...plain, periodEnd: end })
  expect(await billing.subscription('sub_1')).toEqual({
    subscription_id: 'sub_1',
    customer_id: 'cus_1',
    status: 'canceled',
    tier: 'pro',
    paid_until: new Date(end * 1_000).toISOString(),
  })
  sandbox.set({ ...plain, periodEnd: end, reason: 'payment_failed', price: 'price_unknown' })
  expect(await billing.subscription('sub_1')).toMatchObject({ tier: null, paid_until: null })
  await expect(billing.subscription('sub_none')).rejects.toThrow('No such')
  sandbox.setDown(true)
  await expect(billing.subscription('sub_1')).rejects.toThrow()
  sandbox.setDown(false)
})

import { createHmac } from 'node:crypto'
import {
  SANDBOX_BEARER_TOKEN,
  SANDBOX_CONSUMER_SECRET,
} from '../../scripts/stack/sandbox-x/app-secrets.ts'
import { until } from './until.ts'

type AtX = { event_type: string; filter: { user_id: string } }
type Delivery = { user_id: string; type: string; body: string; statuses: number[] }

const ask = async <T>(url: string, init: RequestInit = {}): Promise<T> => {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

const signed = (body: string, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('base64')}`

/** The webhook side of the sandbox X, and X's part played by the test itself. */
export const inboundX = (stack: { x_url: string; functions_url: string }) => {
  const control = <T>(path: string, body: object) =>
    ask<T>(`${stack.x_url}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
  const subscriptions = async (): Promise<AtX[]> =>
    (
      await ask<{ data: AtX[] }>(`${stack.x_url}/2/activity/subscriptions`, {
        headers: { authorization: `Bearer ${SANDBOX_BEARER_TOKEN}` },
      })
    ).data
  return {
    subscriptions,
    typesOf: async (userId: string) =>
      (await subscriptions())
        .filter(({ filter }) => filter.user_id === userId)
        .map(({ event_type }) => event_type)
        .sort(),
    subscribed: (userId: string) =>
      until(
        'the account is subscribed to everything',
        async () =>
          (await subscriptions()).filter(({ filter }) => filter.user_id === userId).length === 3,
        60_000,
      ),
    rules: (rules: object) => control('deliveries', rules),
    withdrawConsent: (username: string) => control('consent', { username }),
    deliveries: async (userId: string) =>
      (
        await ask<{ deliveries: Delivery[] }>(`${stack.x_url}/sandbox/deliveries`)
      ).deliveries.filter((delivery) => delivery.user_id === userId),
    /** POSTs an event as X does; `secret` null leaves the signature out. */
    post: (event: unknown, secret: string | null = SANDBOX_CONSUMER_SECRET) => {
      const body = typeof event === 'string' ? event : JSON.stringify(event)
      return fetch(`${stack.functions_url}/inbound/x`, {
        method: 'POST',
        headers: secret === null ? {} : { 'x-twitter-webhooks-signature': signed(body, secret) },
        body,
      })
    },
    challenge: (token: string) => fetch(`${stack.functions_url}/inbound/x?crc_token=${token}`),
  }
}

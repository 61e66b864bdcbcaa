import { createHmac } from 'node:crypto'
import type { Client } from 'pg'
import {
  SANDBOX_BEARER_TOKEN,
  SANDBOX_CONSUMER_SECRET,
} from '../../scripts/stack/sandbox-x/app-secrets.ts'
import { newSandboxAccount, type SandboxAccount } from './sandbox-account.ts'
import { until } from './until.ts'

type AtX = {
  subscription_id: string
  event_type: string
  filter: { user_id: string }
  webhook_id: string
}
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
  const asApp = (method: string, path: string, body?: object) =>
    fetch(`${stack.x_url}/2${path}`, {
      method,
      headers: { authorization: `Bearer ${SANDBOX_BEARER_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const list = async <T>(path: string): Promise<T[]> =>
    ((await (await asApp('GET', path)).json()) as { data: T[] }).data
  const subscriptions = () => list<AtX>('/activity/subscriptions')
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
    moveClock: (offset_ms: number) => control('clock', { offset_ms }),
    /** X loses a subscription. */
    forget: async (userId: string, type: string) => {
      const lost = (await subscriptions()).find(
        ({ event_type, filter }) => event_type === type && filter.user_id === userId,
      )
      return (await asApp('DELETE', `/activity/subscriptions/${lost?.subscription_id}`)).status
    },
    /** A subscription of the webhook that nobody here knows. */
    subscribeForeigner: async () => {
      const [webhook] = await list<{ id: string }>('/webhooks')
      const body = { event_type: 'post.create', filter: { user_id: '1' }, webhook_id: webhook?.id }
      await asApp('POST', '/activity/subscriptions', body)
    },
    /** X looks at the webhook and does not believe in it. */
    invalidate: async () => {
      const [webhook] = await list<{ id: string }>('/webhooks')
      await asApp('PUT', `/webhooks/${webhook?.id}`)
    },
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

/** An account in the sandbox X whose every event X tells us, and its id there. */
export const subscribedAccount = async (
  stack: Parameters<typeof inboundX>[0] & Parameters<typeof newSandboxAccount>[0],
  database: Pick<Client, 'query'>,
): Promise<{ account: SandboxAccount; userId: string }> => {
  const account = await newSandboxAccount(stack)
  const { rows } = await database.query<{ remote_user_id: string }>(
    'select remote_user_id from public.accounts where id = $1',
    [account.id],
  )
  const userId = rows[0]?.remote_user_id ?? ''
  await inboundX(stack).subscribed(userId)
  return { account, userId }
}

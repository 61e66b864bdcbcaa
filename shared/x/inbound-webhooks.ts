import { z } from 'zod'
import type { Deps } from '../deps.ts'
import type { AtNetwork, Webhooks } from '../networks/webhooks.ts'

const TIMEOUT_MS = 20_000
const MINUTE = 60_000
/** X replays windows of two hours at most, of the last day, that ended ten minutes ago. */
const REPLAY = {
  longest: 120 * MINUTE,
  oldest: 1_435 * MINUTE,
  from: 33 * MINUTE,
  until: 11 * MINUTE,
}

const Webhook = z.object({ id: z.string(), url: z.string(), valid: z.boolean().default(false) })
const Registered = z.object({ data: Webhook })
const Listed = z.object({ data: z.array(Webhook).default([]) })
const Subscription = z.object({
  subscription_id: z.string(),
  event_type: z.string(),
  filter: z.object({ user_id: z.string().optional() }),
  webhook_id: z.string().optional(),
})
const Subscribed = z.object({ data: z.object({ subscription: Subscription }) })
const Subscriptions = z.object({
  data: z.array(Subscription).default([]),
  meta: z.object({ next_token: z.string().optional() }).default({}),
})

type Need = Pick<Deps, 'env' | 'fetch' | 'deadline'>
type Ask = <T>(
  token: string,
  method: string,
  path: string,
  read: z.ZodType<T>,
  body?: unknown,
) => Promise<T>

/** Throws with what X answered. A deletion of what is gone has succeeded. */
const createAsk =
  ({ env, fetch, deadline }: Need): Ask =>
  async (token, method, path, read, body) => {
    const response = await fetch(`${env.X_API_URL}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      redirect: 'manual',
      signal: deadline(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.ok || (method === 'DELETE' && response.status === 404)) {
      return read.parse(text === '' ? {} : JSON.parse(text))
    }
    throw new Error(`${method} ${path.split('?')[0]}: ${response.status} ${text.slice(0, 300)}`)
  }

const listAll = async (ask: Ask, bearer: string, webhookId: string): Promise<AtNetwork[]> => {
  const found: AtNetwork[] = []
  let next: string | undefined
  do {
    const query = new URLSearchParams({
      max_results: '1000',
      ...(next ? { pagination_token: next } : {}),
    })
    const page = await ask(bearer, 'GET', `/2/activity/subscriptions?${query}`, Subscriptions)
    for (const { subscription_id, event_type, filter, webhook_id } of page.data) {
      if (webhook_id !== webhookId || filter.user_id === undefined) continue
      found.push({ subscription_id, event_type, remote_user_id: filter.user_id })
    }
    next = page.meta.next_token
  } while (next !== undefined)
  return found
}

/** Finds the webhook at X, has it proven again when X doubts it, or registers it. Its id. */
const ensure = async (ask: Ask, bearer: string, url: string): Promise<string> => {
  const { data } = await ask(bearer, 'GET', '/2/webhooks', Listed)
  const known = data.find((webhook) => webhook.url === url)
  if (!known) return (await ask(bearer, 'POST', '/2/webhooks', Registered, { url })).data.id
  if (!known.valid) await ask(bearer, 'PUT', `/2/webhooks/${known.id}`, z.unknown())
  return known.id
}

const toMinute = (at: number) => new Date(at).toISOString().replace(/\D/g, '').slice(0, 12)

/** The first window of what was missed that X will replay now; null while it is too fresh. */
export const replayWindow = (from: Date, until: Date, now: Date): [number, number] | null => {
  const at = now.getTime()
  const start = Math.min(Math.max(from.getTime(), at - REPLAY.oldest), at - REPLAY.from)
  const end = Math.min(until.getTime() + MINUTE, at - REPLAY.until, start + REPLAY.longest - MINUTE)
  return end > from.getTime() && end > start ? [start, end] : null
}

/** Events that are anybody's to hear; the rest needs the account's own token. */
const isPublic = (type: string) => /^(post\.(create|delete)|profile\.|follow\.|oauth\.)/.test(type)

/** The webhook of the deployment at X and its subscriptions. Every method throws what X refuses. */
export const createWebhooks = (deps: Need & Pick<Deps, 'now'>): Webhooks => {
  const { env } = deps
  const bearer = env.X_BEARER_TOKEN ?? ''
  const ask = createAsk(deps)
  const path = '/2/activity/subscriptions'
  return {
    missing:
      env.X_CONSUMER_SECRET.length === 0 ? 'X_CONSUMER_SECRET' : bearer ? null : 'X_BEARER_TOKEN',
    eventTypes: env.X_ACTIVITY_EVENTS,
    ensure: () => ensure(ask, bearer, `${env.SUPABASE_URL}/functions/v1/inbound/x`),
    list: (webhookId) => listAll(ask, bearer, webhookId),
    needsToken: (type) => !isPublic(type),
    subscribe: async (webhookId, { event_type, remote_user_id }, accessToken) => {
      const body = { event_type, filter: { user_id: remote_user_id }, webhook_id: webhookId }
      const answer = await ask(accessToken ?? bearer, 'POST', path, Subscribed, body)
      return answer.data.subscription.subscription_id
    },
    unsubscribe: async (id) => void (await ask(bearer, 'DELETE', `${path}/${id}`, z.unknown())),
    replay: async (webhookId, from, until) => {
      const window = replayWindow(from, until, deps.now())
      if (!window) return null
      const [from_date, to_date] = window.map(toMinute)
      const body = { webhook_id: webhookId, from_date, to_date }
      await ask(bearer, 'POST', '/2/webhooks/replay', z.unknown(), body)
      return new Date(window[1])
    },
  }
}

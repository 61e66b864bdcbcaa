import { z } from 'zod'
import { type Answer, json, refusals } from './answers.ts'
import { type Call, identify } from './call.ts'
import { subscriptionKey } from './state.ts'
import { isApp, parse } from './webhooks.ts'
import type { World } from './world.ts'

const cap = 1_500

const Wanted = z.strictObject({
  event_type: z.string(),
  filter: z.strictObject({ user_id: z.string() }),
  tag: z.string().max(200).optional(),
  webhook_id: z.string(),
})

const isPublic = (type: string) => /^(post\.(create|delete)|profile\.|oauth\.)/.test(type)

const described = (each: {
  id: string
  event_type: string
  user_id: string
  webhook_id: string
}) => ({
  subscription_id: each.id,
  event_type: each.event_type,
  filter: { user_id: each.user_id },
  webhook_id: each.webhook_id,
})

/** POST /2/activity/subscriptions */
export const subscribe = (world: World, call: Call): Answer => {
  const wanted = parse(Wanted, call.body)
  if (!wanted || !world.state.webhooks.has(wanted.webhook_id)) {
    return refusals.invalid('webhook_id', 'is not a webhook of the app')
  }
  const { event_type, filter, webhook_id } = wanted
  const user = identify(world, call.authorization)?.account.user
  if (!isApp(call) && !user) return refusals.unauthorized()
  if (!isPublic(event_type) && user?.id !== filter.user_id) return refusals.notPermitted()
  const { subscriptions } = world.state
  if (subscriptions.has(subscriptionKey(event_type, filter.user_id))) {
    return refusals.invalid('filter', 'DuplicateSubscription')
  }
  if (subscriptions.size >= cap) return refusals.notPermitted()
  const subscription = { id: world.nextId(), event_type, user_id: filter.user_id, webhook_id }
  world.record({ t: 'subscription', subscription })
  return json(200, { data: { subscription: described(subscription) } })
}

/** GET /2/activity/subscriptions */
export const listSubscriptions = (world: World, call: Call): Answer =>
  isApp(call)
    ? json(200, { data: [...world.state.subscriptions.values()].map(described), meta: {} })
    : refusals.unauthorized()

/** DELETE /2/activity/subscriptions/:id */
export const unsubscribe = (world: World, call: Call): Answer => {
  if (!isApp(call)) return refusals.unauthorized()
  const known = [...world.state.subscriptions.entries()].find(([, { id }]) => id === call.id)
  if (!known) return refusals.unknownPath()
  world.record({ t: 'unsubscription', key: known[0] })
  return json(200, { data: { deleted: true } })
}

import { createHmac, randomInt } from 'node:crypto'
import type { Entry } from './entries.ts'
import { readFields, renderPost } from './render-post.ts'
import { type Post, subscriptionKey } from './state.ts'
import type { World } from './world.ts'

/** How events leave: each so many times, each time late by up to `jitter_ms` more than `delay_ms`. */
export type DeliveryRules = {
  copies: number
  delay_ms: number
  jitter_ms: number
  /** Lost on the way: only a replay brings them. */
  drop: boolean
  /** What events are signed with and challenges are checked against. */
  consumer_secret: string
}

export type Sent = { user_id: string; at: number; body: string; type: string; statuses: number[] }

export const createRules = (consumerSecret: string): DeliveryRules => ({
  copies: 1,
  delay_ms: 0,
  jitter_ms: 0,
  drop: false,
  consumer_secret: consumerSecret,
})

export const mac = (secret: string, text: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('base64')}`

const post = async (world: World, sent: Sent, url: string) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-twitter-webhooks-signature': mac(world.delivery.consumer_secret, sent.body),
    },
    body: sent.body,
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
  await response.arrayBuffer()
  return response.status
}

/** Sends an event to the webhook once; 0 stands for no answer. X is not documented to try again. */
export const send = async (world: World, sent: Sent): Promise<void> => {
  for (const { url } of world.state.webhooks.values()) {
    sent.statuses.push(await post(world, sent, url).catch(() => 0))
  }
}

type Event = { type: string; user_id: string; uuid: string; payload: object; includes?: object }

const emit = (world: World, { type, user_id, uuid, payload, includes = {} }: Event) => {
  const envelope = { event_uuid: uuid, filter: { user_id }, event_type: type, payload, includes }
  const body = JSON.stringify({ data: envelope })
  const sent: Sent = { user_id, type, at: world.now(), body, statuses: [] }
  world.sent.push(sent)
  const { copies, delay_ms, jitter_ms, drop } = world.delivery
  if (drop) return
  for (let copy = 0; copy < copies; copy += 1) {
    const late = delay_ms + (jitter_ms > 0 ? randomInt(jitter_ms) : 0)
    setTimeout(() => void send(world, sent), late).unref()
  }
}

const isSubscribed = (world: World, type: string, userId: string) =>
  world.state.subscriptions.has(subscriptionKey(type, userId))

const asEvent = (world: World, created: Post) => {
  const fields = 'created_at,author_id,entities,referenced_tweets,attachments,note_tweet'
  const account = world.state.accounts.get(created.user_id)
  if (!account) throw new Error(`post ${created.id} has no author`)
  const wanted = readFields(new URLSearchParams({ 'tweet.fields': fields }))
  const payload = {
    ...renderPost(created, account, wanted, world.now()),
    conversation_id: created.reply_to ?? created.id,
  }
  return { payload, includes: { users: [account.user] } }
}

const mentioned = (world: World, { text, user_id }: Post) =>
  [...text.matchAll(/@(\w{1,15})/g)].flatMap(([, name = '']) => {
    const user = world.state.usernames.get(name.toLowerCase())?.user
    return user && user.id !== user_id ? [user] : []
  })

/** Tells who subscribed what has just happened. A post, and whom it mentions, share one event id, as at X. */
export const tell = (world: World, entry: Entry): void => {
  if (entry.t === 'post') {
    const created = world.state.posts.get(entry.post.id)
    if (!created) return
    const parts = asEvent(world, created)
    const { id: uuid, user_id } = created
    if (isSubscribed(world, 'post.create', user_id)) {
      emit(world, { type: 'post.create', user_id, uuid, ...parts })
    }
    for (const user of mentioned(world, created)) {
      if (!isSubscribed(world, 'post.mention.create', user.id)) continue
      emit(world, { type: 'post.mention.create', user_id: user.id, uuid, ...parts })
    }
  } else if (entry.t === 'delete') {
    const gone = world.state.posts.get(entry.id)
    if (!gone || !isSubscribed(world, 'post.delete', gone.user_id)) return
    const payload = { id: gone.id, author_id: gone.user_id }
    emit(world, { type: 'post.delete', user_id: gone.user_id, uuid: `-${world.nextId()}`, payload })
  }
}

/** The user withdraws the app's access in X's settings: every token ends, and the app is told. */
export const withdrawConsent = (world: World, userId: string): void => {
  const families = [...world.state.access.values()].filter((grant) => grant.user_id === userId)
  for (const { family } of families) world.record({ t: 'kill', family })
  const payload = { date_time: new Date(world.now()).toISOString(), user_id: userId, app_id: '1' }
  emit(world, { type: 'oauth.revoke', user_id: userId, uuid: world.nextId(), payload })
}

import { weightedLength } from '../../../shared/posts/weighted-length.ts'
import { type Answer, json, refusals } from './answers.ts'
import { asUser, type Call, type Caller } from './call.ts'
import { appDayHeaders } from './rate-windows.ts'
import type { User } from './state.ts'
import type { World } from './world.ts'

const knownKeys = new Set([
  'text',
  'reply',
  'media',
  'poll',
  'quote_tweet_id',
  'reply_settings',
  'community_id',
  'share_with_followers',
  'geo',
  'edit_options',
  'made_with_ai',
  'paid_partnership',
  'nullcast',
  'for_super_followers_only',
  'card_uri',
  'direct_message_deep_link',
])

type Body = { text: string; replyTo: string | null }

const parse = (raw: string): Record<string, unknown> | null => {
  try {
    const body: unknown = JSON.parse(raw)
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

const readReply = (reply: unknown): string | null | undefined => {
  if (reply === undefined) return null
  const parent = (reply as { in_reply_to_tweet_id?: unknown } | null)?.in_reply_to_tweet_id
  return typeof parent === 'string' && /^[0-9]{1,19}$/.test(parent) ? parent : undefined
}

const readBody = (raw: string): Body | Answer => {
  const body = parse(raw)
  if (!body) return refusals.invalid('body', 'The request body is not a JSON object.')
  for (const key in body) {
    if (!knownKeys.has(key)) {
      return refusals.invalid(
        key,
        `$.${key}: is not defined in the schema and the schema does not allow additional properties`,
      )
    }
  }
  if (body.media !== undefined) return refusals.invalid('media', 'Your media IDs are invalid.')
  if (body.quote_tweet_id !== undefined) return refusals.notPermitted()
  if (typeof body.text !== 'string' || body.text.trim() === '') {
    return refusals.invalid('text', 'Tweet text is required when no media is attached.')
  }
  const replyTo = readReply(body.reply)
  if (replyTo === undefined) {
    return refusals.invalid('reply.in_reply_to_tweet_id', 'must match "^[0-9]{1,19}$"')
  }
  return { text: body.text, replyTo }
}

const isTooLong = (text: string, user: User): boolean => {
  if (text.length <= 140 && !text.includes('.')) return false
  return weightedLength(text) > (user.subscription_type === 'None' ? 280 : 25_000)
}

const refuse = (world: World, { account, app }: Caller, { text, replyTo }: Body): Answer | null => {
  const { limits, posts } = world.state
  if (isTooLong(text, account.user)) return refusals.notPermitted()
  if (app.credits === 0) return refusals.noCredits(app.client_id)
  if (replyTo !== null) {
    const parent = posts.get(replyTo)
    if (!parent || parent.deleted) return refusals.goneReply()
    return parent.user_id === account.user.id ? null : refusals.foreignReply()
  }
  const lastAt = account.tries.get(text)?.acceptedAt ?? Number.NEGATIVE_INFINITY
  return world.now() - lastAt < limits.duplicate_window_ms ? refusals.duplicate() : null
}

const countTry = ({ account }: Caller, text: string): void => {
  const tries = account.tries.get(text)
  if (tries) tries.attempts += 1
  else account.tries.set(text, { attempts: 1, acceptedAt: Number.NEGATIVE_INFINITY })
}

/** Counts a call on the app's daily cap; the refusal when the cap is reached. */
const overDailyCap = (world: World, { app }: Caller): Answer | null => {
  const limit = world.state.limits.app_per_24_h
  const window = world.windows.take(`app:${app.client_id}`, limit, 86_400, world.now())
  return window.allowed ? null : refusals.rateLimited(appDayHeaders(window))
}

/** POST /2/tweets */
export const createPost = (world: World, call: Call): Answer =>
  asUser(world, call, 'posts', (caller) => {
    const body = readBody(call.body)
    if ('status' in body) return body
    countTry(caller, body.text)
    const refusal = refuse(world, caller, body) ?? overDailyCap(world, caller)
    if (refusal) return refusal
    const { text, replyTo } = body
    const id = world.nextId()
    world.record({
      t: 'post',
      post: {
        id,
        user_id: caller.account.user.id,
        client_id: caller.app.client_id,
        text,
        at: world.now(),
        reply_to: replyTo,
      },
    })
    return json(201, { data: { id, text, edit_history_tweet_ids: [id] } })
  })

/** DELETE /2/tweets/:id */
export const deletePost = (world: World, call: Call): Answer =>
  asUser(world, call, 'deletes', ({ account }) => {
    const post = world.state.posts.get(call.id)
    if (!post || post.deleted) return refusals.unknownPath()
    if (post.user_id !== account.user.id) return refusals.notOwnPost()
    world.record({ t: 'delete', id: post.id })
    return json(200, { data: { deleted: true } })
  })

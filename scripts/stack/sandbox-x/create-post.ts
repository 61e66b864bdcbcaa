import { weightedLength } from '../../../shared/posts/weighted-length.ts'
import { type Answer, json, refusals } from './answers.ts'
import { asUser, type Call, type Caller } from './call.ts'
import { isUsable } from './media-state.ts'
import { type PostBody, readPostBody } from './post-body.ts'
import { appDayHeaders } from './rate-windows.ts'
import type { User } from './state.ts'
import type { World } from './world.ts'

const isTooLong = (text: string, user: User): boolean => {
  if (text.length <= 140 && !text.includes('.')) return false
  return weightedLength(text) > (user.subscription_type === 'None' ? 280 : 25_000)
}

const refuse = (
  world: World,
  { account, app }: Caller,
  { text, replyTo, media }: PostBody,
): Answer | null => {
  const { limits, posts } = world.state
  if (isTooLong(text, account.user)) return refusals.notPermitted()
  const unfit = refuseMedia(world, account.user.id, media)
  if (unfit) return unfit
  if (app.credits === 0) return refusals.noCredits(app.client_id)
  if (replyTo !== null) {
    const parent = posts.get(replyTo)
    if (!parent || parent.deleted) return refusals.goneReply()
    return parent.user_id === account.user.id ? null : refusals.foreignReply()
  }
  if (text.trim() === '') return null
  const lastAt = account.tries.get(text)?.acceptedAt ?? Number.NEGATIVE_INFINITY
  return world.now() - lastAt < limits.duplicate_window_ms ? refusals.duplicate() : null
}

const refuseMedia = (world: World, userId: string, ids: string[]): Answer | null => {
  const found = ids.map((id) => world.state.media.get(id))
  if (!found.every((media) => isUsable(media, userId, world.now()))) {
    return refusals.invalid('media.media_ids', 'Your media IDs are invalid.')
  }
  const isMixed = found.length > 1 && found.some((media) => media?.category !== 'tweet_image')
  return isMixed
    ? refusals.invalid('media.media_ids', 'Attach 4 photos, 1 animated GIF or 1 video at most.')
    : null
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
    const body = readPostBody(call.body)
    if ('status' in body) return body
    countTry(caller, body.text)
    const refusal = refuse(world, caller, body) ?? overDailyCap(world, caller)
    if (refusal) return refusal
    const { text, replyTo, media } = body
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
        ...(media.length > 0 ? { media } : {}),
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

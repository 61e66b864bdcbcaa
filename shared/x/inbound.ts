import { z } from 'zod'
import type { Happening } from '../networks/happening.ts'
import { originalText } from './texts.ts'
import { toItem } from './timeline-item.ts'
import { readPosts, type XPost } from './vocabulary.ts'

const id = z.string().regex(/^[0-9]{1,19}$/)

const Envelope = z.object({
  data: z.object({
    event_uuid: z.string().min(1).max(64),
    event_type: z.string().min(1).max(100),
    filter: z.object({ user_id: id.optional() }).default({}),
    payload: z.looseObject({}).default({}),
    includes: z.looseObject({}).default({}),
  }),
})
type Activity = z.infer<typeof Envelope>['data']

const parse = (body: string): Activity | null => {
  try {
    return Envelope.safeParse(JSON.parse(body)).data?.data ?? null
  } catch {
    return null
  }
}

/**
 * What tells an event of X from every other, and its type; null for another format. X gives a
 * mention the id of the post, so one id alone may stand for several events of several users.
 */
export const identify = (body: string): { eventId: string; type: string } | null => {
  const activity = parse(body)
  if (!activity) return null
  const { event_uuid, event_type, filter } = activity
  return { eventId: `${event_type}:${filter.user_id ?? ''}:${event_uuid}`, type: event_type }
}

const Deleted = z.object({ id, author_id: id.optional() })
const Revoked = z.object({ user_id: id, date_time: z.unknown().optional() })
const Users = z.array(z.object({ id, username: z.string() }))

/** A reply whose parent X did not name could be taken for a post of its own. */
const tellsItsParent = (post: XPost & { conversation_id?: unknown }): boolean =>
  post.referenced_tweets !== undefined ||
  [undefined, post.id].includes(post.conversation_id as string)

/** Events repeat every counter as text; counters are read elsewhere. */
const withoutCounters = (payload: Activity['payload']) =>
  Object.fromEntries(Object.entries(payload).filter(([key]) => !key.endsWith('_metrics')))

const readPost = ({ payload, includes }: Activity) => {
  const page = readPosts({
    data: [withoutCounters(payload)],
    includes: { media: includes.media ?? [] },
  })
  const post = page?.data[0]
  return page && post ? { post: { ...payload, ...post }, media: page.includes.media } : null
}

const posted = (activity: Activity, remoteUserId: string): Happening => {
  const read = readPost(activity)
  if (!read || !tellsItsParent(read.post) || read.post.author_id !== remoteUserId) {
    return { kind: 'unknown' }
  }
  const [item] = toItem(read.post, read.media)
  return item ? { kind: 'posted', remoteUserId, item } : { kind: 'unknown' }
}

const mentioned = (activity: Activity, remoteUserId: string): Happening => {
  const post = readPost(activity)?.post
  if (!post) return { kind: 'unknown' }
  const users = Users.safeParse(activity.includes.users).data ?? []
  const author = users.find((user) => user.id === post.author_id)
  const mention = {
    remote_id: post.id,
    author_id: post.author_id ?? null,
    author_username: author?.username ?? null,
    text: [...originalText(post)].slice(0, 4_000).join(''),
    created_at: post.created_at ?? null,
  }
  return { kind: 'mentioned', remoteUserId, mention }
}

const deleted = ({ payload }: Activity, remoteUserId: string): Happening => {
  const post = Deleted.safeParse(payload).data
  const isTheirs = post && (post.author_id ?? remoteUserId) === remoteUserId
  return isTheirs ? { kind: 'deleted', remoteUserId, remoteId: post.id } : { kind: 'unknown' }
}

const revoked = ({ payload }: Activity): Happening => {
  const consent = Revoked.safeParse(payload).data
  if (!consent) return { kind: 'unknown' }
  const at = new Date(String(consent.date_time))
  return {
    kind: 'revoked',
    remoteUserId: consent.user_id,
    at: Number.isNaN(at.getTime()) ? null : at,
  }
}

/** What an event of X says. Everything we do not know, or do not believe, is `unknown`. */
export const interpret = (body: string): Happening => {
  const activity = parse(body)
  if (!activity) return { kind: 'unknown' }
  if (activity.event_type === 'oauth.revoke') return revoked(activity)
  const user = activity.filter.user_id
  if (user === undefined) return { kind: 'unknown' }
  if (activity.event_type === 'post.create') return posted(activity, user)
  if (activity.event_type === 'post.delete') return deleted(activity, user)
  if (activity.event_type === 'post.mention.create') return mentioned(activity, user)
  return { kind: 'unknown' }
}

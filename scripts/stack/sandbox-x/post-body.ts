import { type Answer, refusals } from './answers.ts'

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

export type PostBody = { text: string; replyTo: string | null; media: string[] }

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

const readMedia = (media: unknown): string[] | Answer => {
  if (media === undefined) return []
  const ids = (media as { media_ids?: unknown } | null)?.media_ids
  const isList = Array.isArray(ids) && ids.every((id) => /^[0-9]{1,19}$/.test(String(id)))
  if (!isList || ids.length === 0) {
    return refusals.invalid('media.media_ids', 'size must be between 1 and 4')
  }
  if (ids.length > 4) {
    return refusals.invalid('media.media_ids', `maximum of 4 items allowed, but was ${ids.length}`)
  }
  return ids.map(String)
}

/** Reads the body of POST /2/tweets as strictly as X: an unknown key is refused. */
export const readPostBody = (raw: string): PostBody | Answer => {
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
  const media = readMedia(body.media)
  if ('status' in media) return media
  if (body.quote_tweet_id !== undefined) return refusals.notPermitted()
  const text = body.text ?? ''
  if (typeof text !== 'string' || (text.trim() === '' && media.length === 0)) {
    return refusals.invalid('text', 'Tweet text is required when no media is attached.')
  }
  const replyTo = readReply(body.reply)
  if (replyTo === undefined) {
    return refusals.invalid('reply.in_reply_to_tweet_id', 'must match "^[0-9]{1,19}$"')
  }
  return { text, replyTo, media }
}

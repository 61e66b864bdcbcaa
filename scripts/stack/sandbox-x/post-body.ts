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

export type PostBody = { text: string; replyTo: string | null }

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

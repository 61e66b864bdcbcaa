import { z } from 'zod'

/** X renames "tweet" to "post" in fields and answers; each value is taken under either name. */
const eitherName = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(eitherName)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/repost/g, 'retweet').replace(/(^|_)post(?=_|s|$)/g, '$1tweet'),
      eitherName(inner),
    ]),
  )
}

const Entities = z.object({
  urls: z
    .array(
      z.object({
        url: z.string(),
        expanded_url: z.string().optional(),
        media_key: z.string().optional(),
      }),
    )
    .optional(),
})

const count = z.int().min(0)

export const XPost = z.object({
  id: z.string(),
  text: z.string().default(''),
  author_id: z.string().optional(),
  attachments: z.object({ media_keys: z.array(z.string()).default([]) }).optional(),
  created_at: z.iso.datetime({ offset: true }).optional(),
  entities: Entities.optional(),
  note_tweet: z.object({ text: z.string(), entities: Entities.optional() }).optional(),
  referenced_tweets: z.array(z.object({ type: z.string(), id: z.string() })).optional(),
  public_metrics: z.record(z.string(), count).optional(),
  non_public_metrics: z.record(z.string(), count).optional(),
  organic_metrics: z.record(z.string(), count).optional(),
})
export type XPost = z.infer<typeof XPost>

const XError = z.object({
  resource_id: z.string().optional(),
  value: z.string().optional(),
  type: z.string().default(''),
  detail: z.string().default(''),
})
export type XError = z.infer<typeof XError>

const XMedia = z.object({
  media_key: z.string(),
  type: z.string(),
  alt_text: z.string().optional(),
})
export type XMedia = z.infer<typeof XMedia>

const XPosts = z.object({
  data: z.array(XPost).default([]),
  includes: z.object({ media: z.array(XMedia).default([]) }).default({ media: [] }),
  errors: z.array(XError).default([]),
  meta: z.object({ next_token: z.string().optional() }).optional(),
})

/** Reads an answer that lists posts; null when it is not one. */
export const readPosts = (body: unknown): z.infer<typeof XPosts> | null =>
  XPosts.safeParse(eitherName(body)).data ?? null

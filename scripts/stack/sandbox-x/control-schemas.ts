import { z } from 'zod'
import { faultKinds } from './faults.ts'

const count = z.int().min(0)

/** The bodies the control API takes; an unknown key is refused, so a typo never tests nothing. */
export const controlSchemas = {
  app: z.strictObject({
    client_id: z.string().min(1),
    client_secret: z.string().nullable().default(null),
    redirect_uris: z.array(z.string()).default([]),
    credits: count.nullable().default(null),
  }),
  user: z.strictObject({
    username: z.string().regex(/^\w{1,15}$/),
    name: z.string().optional(),
    subscription_type: z.enum(['None', 'Basic', 'Premium', 'PremiumPlus']).default('None'),
    verified_type: z.enum(['none', 'blue', 'business', 'government']).default('none'),
  }),
  token: z.strictObject({
    username: z.string(),
    client_id: z.string().default('sandbox-client'),
    scope: z.string().default('tweet.read tweet.write users.read media.write offline.access'),
  }),
  fault: z.strictObject({
    match: z
      .strictObject({
        username: z.string(),
        user_id: z.string(),
        method: z.string(),
        path: z.string(),
        text_contains: z.string(),
      })
      .partial()
      .default({}),
    kind: z.coerce.string().pipe(z.enum(faultKinds)),
    times: count.optional(),
    after: count.optional(),
    ms: count.optional(),
    status: z.int().min(200).max(599).optional(),
    body: z.unknown().optional(),
  }),
  limits: z
    .strictObject({
      posts_per_15_min: count,
      deletes_per_15_min: count,
      lookups_per_15_min: count,
      timelines_per_15_min: count,
      me_per_15_min: count,
      media_initialize_per_15_min: count,
      media_append_per_15_min: count,
      media_finalize_per_15_min: count,
      media_status_per_15_min: count,
      app_per_24_h: count,
      duplicate_window_ms: count,
    })
    .partial(),
  credits: z.strictObject({
    client_id: z.string().default('sandbox-client'),
    remaining: count.nullable(),
  }),
  media: z.strictObject({
    username: z.string().default(''),
    processing_ms: count.optional(),
    processing_error: z.string().nullable().optional(),
    expires_after_secs: count.optional(),
  }),
  deliveries: z
    .strictObject({
      copies: count,
      delay_ms: count,
      jitter_ms: count,
      drop: z.boolean(),
      consumer_secret: z.string().min(1),
    })
    .partial(),
  consent: z.strictObject({ username: z.string() }),
  clock: z.strictObject({ offset_ms: z.int() }),
  metrics: z.strictObject({ username: z.string(), factor: z.number().min(0) }),
}

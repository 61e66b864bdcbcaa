import { z } from 'zod'
import { type Answer, json, refusals } from './answers.ts'
import type { Call, Caller } from './call.ts'
import { asUploader, parse } from './media-call.ts'
import {
  categories,
  describeChunk,
  keyOf,
  type Media,
  rulesFor,
  type Upload,
} from './media-state.ts'
import { statusOf } from './media-status.ts'
import { readMultipart } from './multipart.ts'
import type { World } from './world.ts'

const Initialize = z.strictObject({
  media_type: z.string(),
  media_category: z.enum(['tweet_image', 'tweet_gif', 'tweet_video']),
  total_bytes: z.int().min(1),
  shared: z.boolean().optional(),
  additional_owners: z.array(z.string()).optional(),
})

/** POST /2/media/upload/initialize */
export const initializeMedia = (world: World, call: Call): Answer =>
  asUploader(world, call, 'media_initialize', ({ account }) => {
    const input = parse(Initialize, call.body)
    if ('status' in input) return input
    const { media_type, media_category: category, total_bytes } = input
    const { most, types } = categories[category]
    if (!types.includes(media_type)) {
      return refusals.invalid('media_type', `media type ${media_type} is not supported`)
    }
    if (total_bytes > most) {
      return refusals.invalid('total_bytes', `File size exceeds ${most} bytes.`)
    }
    const { id: user_id, username } = account.user
    const upload = { id: world.nextId(), user_id, media_type, category, total_bytes }
    world.uploads.set(upload.id, { ...upload, chunks: new Map() })
    const expires_after_secs = Math.min(86_400, rulesFor(world, username).expires_after_secs)
    return json(200, { data: { id: upload.id, media_key: keyOf(upload), expires_after_secs } })
  })

const uploadOf = (world: World, call: Call, { account }: Caller): Upload | Answer => {
  const upload = world.uploads.get(call.id)
  return upload?.user_id === account.user.id ? upload : refusals.unknownMedia(call.id)
}

/** POST /2/media/upload/:id/append. A chunk that comes again takes the place of the first. */
export const appendMedia = (world: World, call: Call): Answer =>
  asUploader(world, call, 'media_append', (caller) => {
    const upload = uploadOf(world, call, caller)
    if ('status' in upload) return upload
    const parts = readMultipart(call.contentType, call.raw)
    const bytes = parts?.get('media')
    const index = Number(parts?.get('segment_index')?.toString() ?? Number.NaN)
    if (!bytes) return refusals.invalid('media', 'media is required')
    if (!(Number.isInteger(index) && index >= 0 && index <= 999)) {
      return refusals.invalid('segment_index', 'must be between 0 and 999')
    }
    if (bytes.length > 5 * 1_048_576) {
      return refusals.invalid('media', 'A segment may have 5 MB at most.')
    }
    upload.chunks.set(index, describeChunk(bytes))
    return json(200, { data: { expires_at: Math.floor(world.now() / 1_000) + 86_400 } })
  })

/** POST /2/media/upload/:id/finalize. A repeated one answers alike. */
export const finalizeMedia = (world: World, call: Call): Answer =>
  asUploader(world, call, 'media_finalize', (caller) => {
    const known = world.state.media.get(call.id)
    if (known?.user_id === caller.account.user.id) return statusOf(world, known)
    const upload = uploadOf(world, call, caller)
    if ('status' in upload) return upload
    const chunks = [...upload.chunks].sort(([a], [b]) => a - b)
    const size = chunks.reduce((sum, [, chunk]) => sum + chunk.size, 0)
    const isWhole = chunks.every(([index], place) => index === place)
    if (!isWhole || size !== upload.total_bytes) {
      return refusals.invalid('id', `Segments do not add up to provided total file size.`)
    }
    const rules = rulesFor(world, caller.account.user.username)
    const now = world.now()
    const media: Media = {
      ...upload,
      chunks: chunks.map(([, chunk]) => chunk),
      finalized_at: now,
      ready_at: upload.category === 'tweet_image' ? null : now + rules.processing_ms,
      expires_at: now + rules.expires_after_secs * 1_000,
      error: rules.processing_error,
      alt_text: null,
    }
    world.uploads.delete(upload.id)
    world.record({ t: 'media', media })
    return statusOf(world, media)
  })

import { z } from 'zod'
import { type Answer, json, refusals } from './answers.ts'
import { asUser, type Call, type Caller } from './call.ts'
import {
  categories,
  describeChunk,
  keyOf,
  type Media,
  processingOf,
  rulesFor,
  type Upload,
} from './media-state.ts'
import { readMultipart } from './multipart.ts'
import type { World } from './world.ts'

const Initialize = z.strictObject({
  media_type: z.string(),
  media_category: z.enum(['tweet_image', 'tweet_gif', 'tweet_video']),
  total_bytes: z.int().min(1),
  shared: z.boolean().optional(),
  additional_owners: z.array(z.string()).optional(),
})

const Metadata = z.strictObject({
  id: z.string(),
  metadata: z.strictObject({ alt_text: z.strictObject({ text: z.string().min(1).max(1_000) }) }),
})

const parse = <T>(schema: z.ZodType<T>, body: string): T | Answer => {
  try {
    return schema.parse(JSON.parse(body))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const message = issue?.message ?? 'The request body is not a JSON object.'
    return refusals.invalid(issue?.path.join('.') || 'body', message)
  }
}

type Limited = 'media_initialize' | 'media_append' | 'media_finalize' | 'media_status'

/** Only tokens that were granted media.write. */
const asUploader = (
  world: World,
  call: Call,
  endpoint: Limited,
  then: (caller: Caller) => Answer,
): Answer =>
  asUser(world, call, endpoint, (caller) =>
    caller.grant.scope.split(' ').includes('media.write') ? then(caller) : refusals.notPermitted(),
  )

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

const statusOf = (world: World, media: Media): Answer => {
  const processing_info = processingOf(media, world.now())
  return json(200, {
    data: {
      id: media.id,
      media_key: keyOf(media),
      size: media.total_bytes,
      expires_after_secs: Math.max(0, Math.floor((media.expires_at - world.now()) / 1_000)),
      ...(processing_info ? { processing_info } : {}),
    },
  })
}

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

/** GET /2/media/upload?command=STATUS&media_id= */
export const mediaStatus = (world: World, call: Call): Answer =>
  asUploader(world, call, 'media_status', ({ account }) => {
    const query = new URLSearchParams(call.search)
    const media = world.state.media.get(query.get('media_id') ?? '')
    if (query.get('command') !== 'STATUS') return refusals.invalid('command', 'must be STATUS')
    const isTheirs = media?.user_id === account.user.id && media.expires_at > world.now()
    return isTheirs ? statusOf(world, media) : refusals.unknownMedia(query.get('media_id') ?? '')
  })

/** POST /2/media/metadata */
export const describeMedia = (world: World, call: Call): Answer =>
  asUploader(world, call, 'media_finalize', ({ account }) => {
    const input = parse(Metadata, call.body)
    if ('status' in input) return input
    const media = world.state.media.get(input.id)
    if (media?.user_id !== account.user.id) return refusals.unknownMedia(input.id)
    const alt_text = input.metadata.alt_text.text
    world.record({ t: 'media', media: { ...media, alt_text } })
    return json(200, {
      data: { id: media.id, associated_metadata: { alt_text: { text: alt_text } } },
    })
  })

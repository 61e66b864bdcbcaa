import { z } from 'zod'
import { type Answer, json, refusals } from './answers.ts'
import type { Call } from './call.ts'
import { asUploader, parse } from './media-call.ts'
import { keyOf, type Media, processingOf } from './media-state.ts'
import type { World } from './world.ts'

const Metadata = z.strictObject({
  id: z.string(),
  metadata: z.strictObject({ alt_text: z.strictObject({ text: z.string().min(1).max(1_000) }) }),
})

/** How far a file is that was uploaded whole. */
export const statusOf = (world: World, media: Media): Answer => {
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

import { z } from 'zod'
import type { MediaKind, MediaState, Network } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { CHUNK_BYTES, chunkBody, createMemory, multipartType } from './chunk-body.ts'
import { mediaLimits } from './media-limits.ts'
import { call, type XConfig } from './request.ts'

const categories: Record<MediaKind, string> = {
  photo: 'tweet_image',
  gif: 'tweet_gif',
  video: 'tweet_video',
}

/** How long an upload lasts when X does not say. */
const UNTOLD_LIFE_S = 86_400

const Begun = z.object({
  data: z.object({ id: z.string().regex(/^\d{1,19}$/), expires_after_secs: z.int().optional() }),
})

const Uploaded = z.object({
  data: z.object({
    expires_after_secs: z.int().optional(),
    processing_info: z
      .object({
        state: z.string(),
        check_after_secs: z.number().optional(),
        error: z.object({ name: z.string().optional(), message: z.string().optional() }).optional(),
      })
      .optional(),
  }),
})

/** Not a matter of the file: the same one may be processed the next time. */
const ownFault = /internal|unavailable|timeout/i

const processingFailed = (error: { name?: string; message?: string } = {}): Failure => {
  const detail = error.message || error.name || 'X does not say why.'
  return ownFault.test(`${error.name} ${error.message}`)
    ? {
        kind: 'retry',
        after: null,
        scope: 'account',
        slug: 'media-processing-broke',
        detail,
        who: 'provider',
        remedy: 'Nothing to do: the file is uploaded again.',
      }
    : {
        kind: 'refused',
        slug: 'media-processing-failed',
        detail,
        who: 'author',
        remedy:
          'Convert the file (video: MP4 with H.264 and AAC, at most 60 frames a second), then upload it and schedule the post again.',
      }
}

const readState =
  (config: XConfig) =>
  (body: unknown): MediaState | Failure | null => {
    const data = Uploaded.safeParse(body).data?.data
    if (!data) return null
    const { expires_after_secs: seconds, processing_info: info } = data
    const expiresAt =
      seconds === undefined ? null : new Date(config.now().getTime() + seconds * 1_000)
    if (!info || info.state === 'succeeded') return { kind: 'usable', expiresAt }
    if (info.state === 'failed') return processingFailed(info.error)
    return { kind: 'processing', checkAfterMs: (info.check_after_secs ?? 2) * 1_000, expiresAt }
  }

/** X's media upload v2: initialize, append, finalize, STATUS and metadata. Each call is made once. */
export const createMedia = (config: XConfig, memory = createMemory()): Network['media'] => ({
  ...mediaLimits,
  chunkBytes: CHUNK_BYTES,
  begin: (accessToken, { kind, contentType, bytes }, options) => {
    const body = {
      media_type: contentType,
      media_category: categories[kind],
      total_bytes: bytes,
    }
    const path = '/2/media/upload/initialize'
    const request = { method: 'POST', path, body, signal: options?.signal } as const
    return call(config, accessToken, request, (answer) => {
      const begun = Begun.safeParse(answer).data?.data
      if (!begun) return null
      const seconds = begun.expires_after_secs ?? UNTOLD_LIFE_S
      const expiresAt = new Date(config.now().getTime() + seconds * 1_000)
      return { kind: 'begun' as const, remoteId: begun.id, expiresAt }
    })
  },
  append: async (accessToken, { remoteId, index, bytes }, options) => {
    const body = memory.take(bytes.length)
    const raw = { contentType: multipartType, bytes: chunkBody(index, bytes, body) }
    const path = `/2/media/upload/${encodeURIComponent(remoteId)}/append`
    const request = { method: 'POST', path, raw, signal: options?.signal } as const
    const answer = await call(config, accessToken, request, () => ({ kind: 'appended' as const }))
    // A body whose sending broke off may still be read.
    if (answer.kind === 'appended') memory.give(body)
    return answer
  },
  finish: (accessToken, remoteId, options) => {
    const path = `/2/media/upload/${encodeURIComponent(remoteId)}/finalize`
    const request = { method: 'POST', path, signal: options?.signal } as const
    return call(config, accessToken, request, readState(config))
  },
  state: (accessToken, remoteId, options) => {
    const query = { command: 'STATUS', media_id: remoteId }
    const path = '/2/media/upload'
    const request = { method: 'GET', path, query, signal: options?.signal } as const
    return call(config, accessToken, request, readState(config))
  },
  describe: (accessToken, remoteId, altText, options) => {
    const body = { id: remoteId, metadata: { alt_text: { text: altText } } }
    const path = '/2/media/metadata'
    const request = { method: 'POST', path, body, signal: options?.signal } as const
    return call(config, accessToken, request, () => ({ kind: 'described' as const }))
  },
})

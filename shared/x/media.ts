import { z } from 'zod'
import type { Bytes } from '../crypto/bytes.ts'
import type { MediaKind, MediaState, Network } from '../networks/network.ts'
import type { Failure } from '../networks/outcome.ts'
import { mediaLimits } from './media-limits.ts'
import { call, type XConfig } from './request.ts'

const categories: Record<MediaKind, string> = {
  photo: 'tweet_image',
  gif: 'tweet_gif',
  video: 'tweet_video',
}

/** X takes 5 MB at most, and 1,000 chunks; larger ones save little and cost memory. */
const CHUNK_BYTES = 2 * 1_048_576
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

const BOUNDARY = 'myposts-chunk-of-a-file'
const encode = (text: string): Bytes => new TextEncoder().encode(text)

/** Memory of bodies that were sent, to be used again: it would be garbage faster than it is collected. */
const createMemory = () => {
  const spare: ArrayBuffer[] = []
  const most = CHUNK_BYTES + 1_024
  return {
    take: () => spare.pop() ?? new ArrayBuffer(most),
    give: (memory: ArrayBuffer) => void spare.push(memory),
  }
}

/** One body with the chunk in the middle, so that a chunk is copied once and its length is known. */
const multipart = (index: number, chunk: Bytes, memory: ArrayBuffer): Bytes => {
  const head = encode(
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="segment_index"\r\n\r\n${index}\r\n` +
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="media"; filename="chunk"\r\n` +
      'content-type: application/octet-stream\r\n\r\n',
  )
  const tail = encode(`\r\n--${BOUNDARY}--\r\n`)
  const body = new Uint8Array(memory, 0, head.length + chunk.length + tail.length)
  body.set(head)
  body.set(chunk, head.length)
  body.set(tail, head.length + chunk.length)
  return body
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
    const body = memory.take()
    const contentType = `multipart/form-data; boundary=${BOUNDARY}`
    const raw = { contentType, bytes: multipart(index, bytes, body) }
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

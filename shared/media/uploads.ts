import type { TokenHolder } from '../accounts/token-holder.ts'
import type { Failure } from '../networks/outcome.ts'
import type { Media } from './media.ts'

/** Shapes that service.claim_media_uploads and its sisters exchange with the media worker. */

export type Upload = TokenHolder & {
  media_id: string
  /** Null once the lease was lost. */
  lease_id: string
  state: 'waiting' | 'processing' | 'describing'
  remote_id: string | null
  next_chunk: number
  restarts: number
  object_key: string
  /** Of the file that was checked. */
  etag: string
  kind: Media['kind']
  content_type: string
  bytes: number
  alt_text: string | null
}

export type UploadError = { slug: string; detail: string; who: string; remedy: string }

/** How a worker leaves an upload; `{}` says "go on at once", null that its lease was lost. */
export type Ending =
  | { state: 'processing'; after_ms: number; expires_at?: string }
  | { state: 'ready'; expires_at?: string }
  | { later: UploadError; after_ms?: number; restart?: boolean; block_app_until?: string }
  | { failed: UploadError }
  | Record<string, never>

/** What every fault of the network, of storage or of the file itself is told as. */
export const errorOf = ({ slug, detail, who, remedy }: UploadError): UploadError => ({
  slug,
  detail,
  who,
  remedy,
})

/** Uploading from the start helps this often; then it is the file. */
const MOST_RESTARTS = 3

/** The same fault where uploading from the start was tried, and did not help. */
export const withoutHope = (error: UploadError): UploadError => ({
  ...error,
  who: 'author',
  remedy: 'Upload the file anew with POST /media, put that into the post, and send it again.',
})

const APP_PAUSE_MS = 300_000

/**
 * What a failure of the network means for an upload. `isResumed`: the network may be refusing what an
 * earlier worker began, so the file is uploaded from the start before it is blamed.
 */
export const endingOf = (
  failure: Failure,
  { restarts }: Pick<Upload, 'restarts'>,
  isResumed: boolean,
  now: Date,
): Ending => {
  const error = errorOf(failure)
  const restart = (after: { after_ms?: number }): Ending =>
    restarts < MOST_RESTARTS
      ? { later: error, restart: true, ...after }
      : { failed: withoutHope(error) }
  switch (failure.kind) {
    case 'refused': {
      const isFile = failure.slug === 'media-processing-failed'
      const mayHelp = (isResumed && !isFile) || failure.slug === 'media-gone'
      return mayHelp ? restart({ after_ms: 1_000 }) : { failed: error }
    }
    case 'retry': {
      if (failure.slug === 'media-processing-broke') return restart({})
      const wait = failure.after ? failure.after.getTime() - now.getTime() : 0
      return wait > 0 ? { later: error, after_ms: wait } : { later: error }
    }
    case 'app_blocked': {
      const until = new Date(now.getTime() + APP_PAUSE_MS).toISOString()
      return { later: error, after_ms: APP_PAUSE_MS, block_app_until: until }
    }
    default:
      return { later: error }
  }
}

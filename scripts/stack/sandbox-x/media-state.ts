import { createHash } from 'node:crypto'
import type { World } from './world.ts'

export type Category = 'tweet_image' | 'tweet_gif' | 'tweet_video'

/** A file that was uploaded whole, as X remembers it. */
export type Media = {
  id: string
  user_id: string
  media_type: string
  category: Category
  total_bytes: number
  /** Of each chunk in order: enough to tell whether the very bytes arrived. */
  chunks: { size: number; sha256: string }[]
  /** Milliseconds of the sandbox's clock; `ready_at` is when processing ends, if there is any. */
  finalized_at: number
  ready_at: number | null
  expires_at: number
  /** Why processing fails when it ends. */
  error: string | null
  alt_text: string | null
}

/** A file on its way. It is forgotten when the sandbox restarts, as X forgets half uploads. */
export type Upload = Pick<Media, 'id' | 'user_id' | 'media_type' | 'category' | 'total_bytes'> & {
  chunks: Map<number, Media['chunks'][number]>
}

/** How media behave from now on, for one user or (key '') for all. */
export type MediaRules = {
  processing_ms: number
  processing_error: string | null
  expires_after_secs: number
}

export const defaultRules = (): MediaRules => ({
  processing_ms: 400,
  processing_error: null,
  expires_after_secs: 86_400,
})

export const rulesFor = (world: World, username: string): MediaRules =>
  world.mediaRules.get(username.toLowerCase()) ?? world.mediaRules.get('') ?? defaultRules()

const MEGABYTE = 1_048_576
/** X's limit of each category, in bytes, and the types it takes. */
export const categories: Record<Category, { most: number; types: string[] }> = {
  tweet_image: {
    most: 5 * MEGABYTE,
    types: ['image/jpeg', 'image/png', 'image/webp', 'image/gif'],
  },
  tweet_gif: { most: 15 * MEGABYTE, types: ['image/gif'] },
  tweet_video: { most: 512 * MEGABYTE, types: ['video/mp4', 'video/quicktime'] },
}

const families: Record<Category, [prefix: string, type: string]> = {
  tweet_image: ['3', 'photo'],
  tweet_gif: ['16', 'animated_gif'],
  tweet_video: ['7', 'video'],
}

export const keyOf = ({ id, category }: Pick<Media, 'id' | 'category'>) =>
  `${families[category][0]}_${id}`

/** A medium as `includes.media` shows it. */
export const renderMedia = (media: Media) => ({
  media_key: keyOf(media),
  type: families[media.category][1],
  ...(media.alt_text === null ? {} : { alt_text: media.alt_text }),
})

export const describeChunk = (bytes: Buffer) => ({
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

type Info = {
  state: 'pending' | 'in_progress' | 'succeeded' | 'failed'
  check_after_secs?: number
  progress_percent?: number
  error?: { code: number; name: string; message: string }
}

/** Where processing is now; null for a file that needs none. */
export const processingOf = (media: Media, now: number): Info | null => {
  const { ready_at, finalized_at, error } = media
  if (ready_at === null) return null
  if (now < ready_at) {
    const progress_percent = Math.floor((100 * (now - finalized_at)) / (ready_at - finalized_at))
    const state = progress_percent < 20 ? 'pending' : 'in_progress'
    const check_after_secs = Math.max(1, Math.min(5, Math.round((ready_at - now) / 2_000)))
    return { state, check_after_secs, progress_percent }
  }
  if (error === null) return { state: 'succeeded', progress_percent: 100 }
  return { state: 'failed', error: { code: 1, name: 'InvalidMedia', message: error } }
}

/** Whether this user's post may show it now. */
export const isUsable = (media: Media | undefined, userId: string, now: number): media is Media =>
  media?.user_id === userId &&
  media.expires_at > now &&
  (media.ready_at === null || (media.ready_at <= now && media.error === null))

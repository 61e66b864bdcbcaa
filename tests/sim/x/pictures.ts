import type { Media } from '../../../scripts/stack/sandbox-x/media-state.ts'
import type { SimAccount } from '../database/fixture.ts'
import { mediaOf } from '../database/media.ts'

/** An account's pictures as X has them, for good. */
export const picturesOf = ({ id, remoteUserId }: SimAccount): Media[] =>
  mediaOf(id).map(({ remoteId }) => ({
    id: remoteId,
    user_id: remoteUserId,
    media_type: 'image/png',
    category: 'tweet_image',
    total_bytes: 1000,
    chunks: [],
    finalized_at: 0,
    ready_at: null,
    expires_at: Number.POSITIVE_INFINITY,
    error: null,
    alt_text: null,
  }))

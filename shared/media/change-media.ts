import type { Caller } from '../db/caller.ts'
import { Media } from './media.ts'

type Rpc = Pick<Caller, 'rpc'>

/** Changes what people hear who cannot see it (null: nothing). Null for `version` skips the comparison. */
export const updateMedia = async (
  caller: Rpc,
  mediaId: string,
  altText: string | null,
  version: number | null,
): Promise<Media> =>
  Media.parse(
    await caller.rpc('update_media', {
      p_media_id: mediaId,
      p_alt_text: altText,
      p_version: version,
    }),
  )

/** Deletes a medium and its file. Throws 409 naming the posts that are still to show it. */
export const deleteMedia = async (
  caller: Rpc,
  mediaId: string,
  version: number | null,
): Promise<void> => {
  await caller.rpc('delete_media', { p_media_id: mediaId, p_version: version })
}

import type { Caller } from '../db/caller.ts'
import type { Media, MediaRow } from './media.ts'
import { type Showing, showMedium } from './show-media.ts'

type Rpc = Pick<Caller, 'rpc'>

/** Changes what people hear who cannot see it (null: nothing). Null for `version` skips the comparison. */
export const updateMedia = async (
  deps: Showing,
  caller: Rpc,
  mediaId: string,
  altText: string | null,
  version: number | null,
): Promise<Media> =>
  showMedium(
    deps,
    await caller.rpc<MediaRow>('update_media', {
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

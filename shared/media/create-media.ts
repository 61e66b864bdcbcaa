import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import { rulesOf } from '../networks/rules-of.ts'
import { createObjectStore } from '../storage/object-store.ts'
import { CreatedMedia, type CreateMediaInput, type MediaRow, objectKey } from './media.ts'

/** Time to begin sending the file, seconds. */
const UPLOAD_SECONDS = 3_600

const refuse = (pointer: string, detail: string) => problems.invalid([{ pointer, detail }])

/**
 * Makes room for a file in a workspace (null: the personal one) and answers where to PUT it. Exactly
 * the declared type and number of bytes are taken there. Throws 422 for what no network shows.
 */
export const createMedia = async (
  deps: Pick<Deps, 'env' | 'fetch' | 'now' | 'deadline'>,
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string | null,
  input: CreateMediaInput,
): Promise<CreatedMedia> => {
  const { limits } = rulesOf('x').media
  const limit = Object.hasOwn(limits, input.content_type) ? limits[input.content_type] : undefined
  if (!limit) {
    throw refuse('/content_type', `Send one of ${Object.keys(limits).join(', ')}.`)
  }
  if (input.bytes > limit.mostBytes) {
    throw refuse('/bytes', `A file of this type may have ${limit.mostBytes} bytes at most.`)
  }
  if (limit.kind === 'video' && input.alt_text) {
    throw refuse('/alt_text', 'Videos take no description: caption the video itself.')
  }
  const kind = limit.kind === 'photo' ? 'image' : limit.kind
  const row = await caller.rpc<MediaRow & { upload_expires_at: string }>('create_media', {
    p_workspace_id: workspaceId,
    p_media: { ...input, kind, upload_seconds: UPLOAD_SECONDS },
  })
  const target = await createObjectStore(deps).presignPut(objectKey(row), {
    contentType: input.content_type,
    bytes: input.bytes,
    seconds: UPLOAD_SECONDS,
  })
  const upload = { ...target, expires_at: row.upload_expires_at }
  return CreatedMedia.parse({ ...row, view: null, upload })
}

import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'
import { rulesOf } from '../networks/rules-of.ts'
import { inWorkspace } from '../workspaces/in-workspace.ts'
import { requireVisible } from '../workspaces/require-visible.ts'
import type { Media, MediaRow } from './media.ts'
import { type Settling, settleUpload } from './settle-upload.ts'
import { showMedia, showMedium } from './show-media.ts'

/**
 * Throws 404 when it is absent, deleted or not the caller's to see. Notices a file that has come; 503
 * when storage cannot be asked for it.
 */
export const getMedia = async (
  deps: Settling,
  caller: Pick<Caller, 'select'>,
  mediaId: string,
): Promise<Media> => {
  const query = { id: `eq.${mediaId}`, status: 'neq.deleted' }
  const [row] = await caller.select<MediaRow>('media', query)
  if (!row) throw problems.notFound()
  const noticed = await settleUpload(deps, rulesOf('x'), row)
  if (noticed.status === 'deleted') throw problems.notFound()
  return showMedium(deps, noticed)
}

/** Files of so many media of a page are looked for: each is a question to storage. */
const MOST_LOOKS = 20
/** A list does not wait longer for storage. */
const LOOK_MS = 5_000

/**
 * At most `count` media of a workspace (null: the personal one), newest first, after an id. Notices files
 * that have come, while storage answers.
 */
export const listMedia = async (
  deps: Settling,
  caller: Caller,
  workspaceId: string | null,
  before: string | null,
  count: number,
): Promise<Media[]> => {
  const rows = await caller.select<MediaRow>('media', {
    ...inWorkspace(caller, workspaceId),
    status: 'neq.deleted',
    order: 'id.desc',
    limit: String(count),
    ...(before ? { id: `lt.${before}` } : {}),
  })
  if (rows.length === 0) await requireVisible(caller, workspaceId)
  const awaited = rows.filter(({ status }) => status === 'uploading').slice(0, MOST_LOOKS)
  const patient = { ...deps, deadline: (ms: number) => deps.deadline(Math.min(ms, LOOK_MS)) }
  const notice = async (row: MediaRow) => {
    if (!awaited.includes(row)) return row
    const noticed = await settleUpload(patient, rulesOf('x'), row).catch(() => row)
    // One that was deleted meanwhile is shown as it was read: a shorter page would end the list.
    return noticed.status === 'deleted' ? row : noticed
  }
  return showMedia(deps, await Promise.all(rows.map(notice)))
}

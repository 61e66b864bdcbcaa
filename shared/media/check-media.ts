import type { Issue } from '../networks/network.ts'
import type { NetworkRules } from '../networks/rules-of.ts'
import { type MediaRow, networkKind } from './media.ts'

/** Whether it only has to be waited for. */
export type MediaProblem = Issue & { pointer: string; isWaiting: boolean }

const issueOf = (row: MediaRow | undefined): Issue | undefined => {
  if (!row) {
    return {
      slug: 'media-unknown',
      detail: 'The workspace of the account has no such media.',
      remedy: 'Upload it with POST /media, in the workspace of the account.',
    }
  }
  if (row.status === 'uploading') {
    return {
      slug: 'media-not-ready',
      detail: `"${row.file_name}" is not uploaded yet.`,
      remedy: 'PUT the file to its upload URL first, or make a new one with POST /media.',
    }
  }
  return row.status === 'rejected' && row.rejection ? row.rejection : undefined
}

/**
 * What stops a segment from showing these media of its workspace, each with where it is; `pointer`
 * leads to its media_ids. Pure.
 */
export const checkMedia = (
  rules: Pick<NetworkRules, 'media'>,
  mediaIds: string[],
  rows: MediaRow[],
  pointer: string,
): MediaProblem[] => {
  const shown = mediaIds.map((id) => rows.find((row) => row.id === id))
  const single = shown.flatMap((row, index) => {
    const issue = issueOf(row)
    const isWaiting = row?.status === 'uploading'
    return issue ? [{ pointer: `${pointer}/${index}`, isWaiting, ...issue }] : []
  })
  const kinds = shown.flatMap((row) => (row ? [networkKind(row.kind)] : []))
  const together = rules.media.checkSet(kinds)
  return [...single, ...together.map((issue) => ({ pointer, isWaiting: false, ...issue }))]
}

import type { Deps } from '../deps.ts'
import { createObjectStore } from '../storage/object-store.ts'
import { Media, type MediaRow, objectKey } from './media.ts'

/** What signing the addresses of files takes. */
export type Showing = Pick<Deps, 'env' | 'fetch' | 'now' | 'deadline'>

const VIEW_SECONDS = 3_600
/** An address that changed with every answer would have browsers load every picture again. */
const SAME_FOR_MS = 900_000

/** How rows become media as callers see them, each with where its file is seen. */
const createShow = (deps: Showing): ((row: MediaRow) => Promise<Media>) => {
  const store = createObjectStore(deps)
  const since = new Date(Math.floor(deps.now().getTime() / SAME_FOR_MS) * SAME_FOR_MS)
  const expires_at = new Date(since.getTime() + VIEW_SECONDS * 1_000).toISOString()
  return async (row) => {
    if (row.status !== 'ready') return Media.parse({ ...row, view: null })
    const url = await store.presignGet(objectKey(row), { since, seconds: VIEW_SECONDS })
    return Media.parse({ ...row, view: { url, expires_at } })
  }
}

/** A medium as callers see it. */
export const showMedium = (deps: Showing, row: MediaRow): Promise<Media> => createShow(deps)(row)

/** Media of a page, in their order. */
export const showMedia = async (deps: Showing, rows: MediaRow[]): Promise<Media[]> => {
  const show = createShow(deps)
  const media: Media[] = []
  // One after the other: the first derives the key that the others are signed with.
  for (const row of rows) media.push(await show(row))
  return media
}

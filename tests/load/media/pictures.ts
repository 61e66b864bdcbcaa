import { png } from '../../helpers/files.ts'
import type { MediaFrontend } from '../../helpers/media-frontend.ts'

const POSTS = 40
const PER_POST = 4
/** What a call to X takes, about. */
const LATENCY_MS = 150
const SIZES = { small: 300_000, large: 3_000_000 }

const slowDown = async (xUrl: string) => {
  const fault = { match: { path: '/2/media*' }, kind: 'latency', ms: LATENCY_MS }
  await fetch(`${xUrl}/sandbox/faults`, { method: 'POST', body: JSON.stringify(fault) })
}

const uploadAll = async (page: MediaFrontend, bytes: number): Promise<string[]> => {
  const ids: string[] = []
  for (let index = 0; index < POSTS * PER_POST; index += 1) {
    ids.push(await page.upload(png(64, 64, { padding: bytes + index }), 'image/png'))
  }
  return ids
}

/** Seconds from asking for the first of 40 posts, each due at once with four pictures, until X has all. */
const publishAll = async (page: MediaFrontend, ids: string[]): Promise<number> => {
  const began = performance.now()
  const posts: string[] = []
  for (let at = 0; at < ids.length; at += PER_POST) {
    posts.push(await page.publish({ media_ids: ids.slice(at, at + PER_POST) }))
  }
  for (const post of posts) await page.untilStatus(post, 'published', 300_000)
  return (performance.now() - began) / 1_000
}

/** How fast many pictures that are due together reach an X that answers as slowly as the real one. */
export const sendPictures = async (
  page: MediaFrontend,
  xUrl: string,
  size: keyof typeof SIZES,
): Promise<{ perS: number; haveAll: boolean }> => {
  const before = (await page.accepted()).length
  const ids = await uploadAll(page, SIZES[size])
  await slowDown(xUrl)
  const seconds = await publishAll(page, ids)
  await fetch(`${xUrl}/sandbox/faults`, { method: 'DELETE' })
  const sent = (await page.accepted()).slice(before)
  return {
    perS: ids.length / seconds,
    haveAll: sent.length === POSTS && sent.every(({ media }) => media.length === PER_POST),
  }
}

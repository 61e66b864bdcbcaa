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

type Plan = { page: MediaFrontend; media_ids: string[] }

/** The posts there will be, of all accounts by turns. */
const uploadAll = async (pages: MediaFrontend[], bytes: number): Promise<Plan[]> => {
  const plans: Plan[] = []
  for (let post = 0; post < POSTS / pages.length; post += 1) {
    for (const page of pages) {
      const media_ids: string[] = []
      for (let index = 0; index < PER_POST; index += 1) {
        const padding = bytes + plans.length * PER_POST + index
        media_ids.push(await page.upload(png(64, 64, { padding }), 'image/png'))
      }
      plans.push({ page, media_ids })
    }
  }
  return plans
}

/** Seconds from asking for the first of 40 posts, each due at once with four pictures, until X has all. */
const publishAll = async (plans: Plan[]): Promise<number> => {
  const began = performance.now()
  const posts: { page: MediaFrontend; id: string }[] = []
  for (const { page, media_ids } of plans)
    posts.push({ page, id: await page.publish({ media_ids }) })
  for (const { page, id } of posts) await page.untilStatus(id, 'published', 300_000)
  return (performance.now() - began) / 1_000
}

/**
 * How fast many pictures that are due together reach an X that answers as slowly as the real one. An account
 * has four uploads under way at most, so they are of several.
 */
export const sendPictures = async (
  pages: MediaFrontend[],
  xUrl: string,
  size: keyof typeof SIZES,
): Promise<{ perS: number; haveAll: boolean }> => {
  const plans = await uploadAll(pages, SIZES[size])
  await slowDown(xUrl)
  const seconds = await publishAll(plans)
  await fetch(`${xUrl}/sandbox/faults`, { method: 'DELETE' })
  const sent = (await Promise.all(pages.map((page) => page.accepted()))).flat()
  return {
    perS: (POSTS * PER_POST) / seconds,
    haveAll: sent.length === POSTS && sent.every(({ media }) => media.length === PER_POST),
  }
}

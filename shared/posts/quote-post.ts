import { z } from 'zod'
import { containsUrl } from './weighted-length.ts'

/** What X bills per action, in millionths of a US dollar. The operator's data: private.prices. */
export const Prices = z.object({ post: z.int(), post_with_url: z.int() })

export type Prices = z.infer<typeof Prices>

export type Quote = { micros: number; segments: { micros: number; has_url: boolean }[] }

/** The database takes this for a URL whatever it is told (private.has_url), so a quote does, too. */
const obviousUrl = /https?:\/\/\S+\.[a-z]{2,}/i

/** Whether a text is billed as one with a URL: a bare domain counts. */
export const hasUrl = (text: string): boolean => containsUrl(text) || obviousUrl.test(text)

/** What sending these segments costs; what is held when the post is scheduled. Pure. */
export const quotePost = (segments: { text: string }[], prices: Prices): Quote => {
  const quoted = segments.map(({ text }) => {
    const has_url = hasUrl(text)
    return { micros: has_url ? prices.post_with_url : prices.post, has_url }
  })
  return { micros: quoted.reduce((sum, { micros }) => sum + micros, 0), segments: quoted }
}

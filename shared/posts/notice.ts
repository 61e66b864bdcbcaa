import { z } from 'zod'

const notice = {
  pointer: z.string().meta({ description: 'RFC 6901, into the body of the request.' }),
  slug: z.string(),
  detail: z.string(),
  remedy: z.string(),
}

/** What may surprise the author of a post; nothing is refused for it. */
export const Warning = z
  .object(notice)
  .meta({ id: 'Warning', description: 'What may surprise the author; nothing is refused for it.' })

/** What a post would be refused for. */
export const PostProblem = z
  .object(notice)
  .meta({ id: 'PostProblem', description: 'What the post would be refused for.' })

export type Warning = z.infer<typeof Warning>
export type PostProblem = z.infer<typeof PostProblem>

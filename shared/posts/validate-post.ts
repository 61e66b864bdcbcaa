import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Settling } from '../media/settle-upload.ts'
import { toUsd, Usd } from '../workspaces/money.ts'
import { segmentsOf, type ValidatePostInput } from './inputs.ts'
import { PostProblem, Warning } from './notice.ts'
import { pointInto, reviewPost } from './review-post.ts'

const said = { problems: z.array(PostProblem), warnings: z.array(Warning) }

export const PostValidation = z
  .object({
    valid: z.boolean().meta({ description: 'True when nothing is a problem.' }),
    quote_usd: Usd.meta({
      description: 'What X bills for all segments; held when it is scheduled.',
    }),
    ...said,
    segments: z.array(
      z.object({
        position: z.int(),
        length: z.int().meta({ description: 'As X counts: a link 23, an emoji 2.' }),
        limit: z.int().meta({ description: 'What the account may send.' }),
        contains_url: z.boolean().meta({ description: 'A bare domain counts, as for X.' }),
        quote_usd: Usd.meta({ description: 'What X bills for it.' }),
        ...said,
      }),
    ),
  })
  .meta({ id: 'PostValidation' })

/** What would stop a post from being published, and what may surprise. Keeps nothing. */
export const validatePost = async (
  deps: Settling,
  caller: Pick<Caller, 'rpc'>,
  input: ValidatePostInput,
): Promise<z.infer<typeof PostValidation>> => {
  const { account_id, scheduled_at } = input
  const plan = { account_id, segments: segmentsOf(input), scheduled_at }
  const review = await reviewPost(deps, caller, plan)
  const pointed = <Notice extends Warning>(notices: Notice[]) =>
    notices.map((notice) => pointInto(input, notice))
  const segments = review.segments.map((segment, position) => ({
    ...segment,
    quote_usd: toUsd(review.quote.segments[position]?.micros ?? 0),
    problems: pointed(segment.problems),
    warnings: pointed(segment.warnings),
  }))
  const faults = [review, ...review.segments].flatMap(({ problems }) => problems)
  return PostValidation.parse({
    valid: faults.length === 0,
    quote_usd: toUsd(review.quote.micros),
    problems: pointed(review.problems),
    warnings: pointed(review.warnings),
    segments,
  })
}

import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Network } from '../networks/network.ts'
import { accountLimits } from './account-limits.ts'
import { textsOf, type ValidatePostInput } from './inputs.ts'
import { containsUrl, weightedLength } from './weighted-length.ts'

const Issue = z.object({ slug: z.string(), detail: z.string(), remedy: z.string() })

export const PostValidation = z
  .object({
    valid: z.boolean(),
    segments: z.array(
      z.object({
        position: z.int(),
        length: z.int().meta({ description: 'As X counts: a link 23, an emoji 2.' }),
        limit: z.int().meta({ description: 'What the account may send.' }),
        contains_url: z.boolean(),
        issues: z.array(Issue),
      }),
    ),
  })
  .meta({ id: 'PostValidation' })

/** What would stop a post from being published. Keeps nothing. */
export const validatePost = async (
  caller: Pick<Caller, 'select'>,
  network: Pick<Network, 'validate'>,
  input: ValidatePostInput,
): Promise<z.infer<typeof PostValidation>> => {
  const { text_limit: limit } = await accountLimits(caller, input.account_id)
  const segments = textsOf(input).map((text, position) => ({
    position,
    length: weightedLength(text),
    limit,
    contains_url: containsUrl(text),
    issues: network.validate(text, { lengthLimit: limit }),
  }))
  return { valid: segments.every(({ issues }) => issues.length === 0), segments }
}

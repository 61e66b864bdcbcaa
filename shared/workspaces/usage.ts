import { z } from 'zod'
import type { Caller } from '../db/caller.ts'

const counts = {
  posts_created: z.int(),
  tokens_used: z.int().meta({ description: 'AI tokens, recorded by integrations.' }),
  api_calls: z.int(),
}

/** What a person used, per UTC day and in total. */
export const Usage = z
  .object({
    from: z.iso.date(),
    to: z.iso.date().meta({ description: 'Excluded.' }),
    totals: z.object(counts),
    days: z.array(z.object({ date: z.iso.date(), ...counts })),
  })
  .meta({ id: 'Usage' })

/** Without dates of the last 30 days. Throws 422 for a period that is none. */
export const getUsage = async (
  caller: Pick<Caller, 'rpc'>,
  period: { from?: string | undefined; to?: string | undefined },
): Promise<z.infer<typeof Usage>> =>
  Usage.parse(
    await caller.rpc('get_usage', { p_from: period.from ?? null, p_to: period.to ?? null }),
  )

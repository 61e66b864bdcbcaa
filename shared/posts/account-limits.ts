import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'

type Limits = { network: string; text_limit: number }

/** What an account of the caller's may send. Throws 404 when it is not theirs to see. */
export const accountLimits = async (
  caller: Pick<Caller, 'select'>,
  accountId: string,
): Promise<Limits> => {
  const [account] = await caller.select<Limits>('accounts', {
    id: `eq.${accountId}`,
    select: 'network,text_limit',
  })
  if (!account) throw problems.notFound()
  return account
}

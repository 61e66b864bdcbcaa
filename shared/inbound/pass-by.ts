import type { Deps } from '../deps.ts'
import type { Happening } from '../networks/happening.ts'
import { createBatcher } from '../worker/batcher.ts'
import type { Receipt } from './receipt.ts'

/** A post that appeared on a network, and the receipt that tells of it. */
type Appeared = Extract<Happening, { kind: 'posted' }> & { receipt: Receipt }

/** Ends the receipt of a post that is ours already or nobody's; false for one that may be an attempt. */
export type PassBy = (post: Appeared) => Promise<boolean>

const rowOf = ({ receipt, remoteUserId, item }: Appeared) => ({
  receipt_id: receipt.receipt_id,
  lease_id: receipt.lease_id,
  remote_user_id: remoteUserId,
  remote_id: item.remoteId,
})

/** Asks for posts that come together in one call. */
export const createPassBy = (deps: Pick<Deps, 'service' | 'sleep'>): PassBy =>
  createBatcher<Appeared, boolean>({
    run: async (posts) => {
      const args = { p_posts: posts.map(rowOf) }
      const { open } = await deps.service<{ open: string[] }>('pass_by_posts', args)
      return posts.map(({ receipt }) => !open.includes(receipt.receipt_id))
    },
    lingerMs: 0,
    maxItems: 100,
    maxRunning: 2,
    sleep: deps.sleep,
  })

import type { Deps } from '../deps.ts'
import type { Happening } from '../networks/happening.ts'
import type { Network } from '../networks/network.ts'
import { observePost } from '../publishing/observe-post.ts'
import type { PassBy } from './pass-by.ts'
import { leaseOf, type Receipt } from './receipt.ts'

/**
 * Carries what a network told into the state, once. A post that appeared is given to the attempt it
 * belongs to; a deletion, a mention and a withdrawn consent are one SQL function each.
 */
export const takeHappening = async (
  deps: Pick<Deps, 'service'>,
  network: Pick<Network, 'name' | 'match'>,
  passBy: PassBy,
  receipt: Receipt,
  happening: Happening,
): Promise<void> => {
  const lease = leaseOf(receipt)
  switch (happening.kind) {
    case 'posted': {
      const post = { ...happening, receipt }
      if (await passBy(post)) return
      // Adopted or not, the second question answers for both, also when this is asked again.
      await observePost(deps, network, happening)
      if (!(await passBy(post))) await deps.service('postpone_inbound', lease)
      return
    }
    case 'deleted': {
      const { remoteUserId: p_remote_user_id, remoteId: p_remote_id } = happening
      await deps.service('take_deletion', { ...lease, p_remote_user_id, p_remote_id })
      return
    }
    case 'mentioned': {
      const { remoteUserId: p_remote_user_id, mention: p_mention } = happening
      await deps.service('take_mention', { ...lease, p_remote_user_id, p_mention })
      return
    }
    case 'revoked': {
      const { remoteUserId: p_remote_user_id, at } = happening
      await deps.service('take_revocation', {
        ...lease,
        p_remote_user_id,
        p_revoked_at: at?.toISOString() ?? null,
      })
      return
    }
    case 'unknown':
      await deps.service('finish_inbound', { ...lease, p_outcome: 'unknown' })
  }
}

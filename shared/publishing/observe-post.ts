import type { Deps } from '../deps.ts'
import type { Network, TimelineItem } from '../networks/network.ts'
import { judgeLooks, type OpenLook } from './judge-looks.ts'

/**
 * Takes in a post that somebody saw on the network, a `post.create` event say: when it is an attempt
 * of ours whose outcome is open, it is adopted by the rules of a look. One that belongs to nothing is
 * ignored; what comes twice or out of order changes nothing more. True when it was given to an attempt.
 */
export const observePost = async (
  deps: Pick<Deps, 'service'>,
  network: Pick<Network, 'name' | 'match'>,
  { remoteUserId, item }: { remoteUserId: string; item: TimelineItem },
): Promise<boolean> => {
  const { looks } = await deps.service<{ looks: OpenLook[] }>('list_open_looks', {
    p_remote_user_id: remoteUserId,
    p_network: network.name,
  })
  const verdicts = await judgeLooks(deps, network, looks, {
    items: [item],
    gap: 'One post is no timeline.',
  })
  const found = verdicts.filter(({ verdict }) => verdict === 'found')
  if (found.length === 0) return false
  await deps.service('settle_looks', { p_verdicts: found })
  return true
}

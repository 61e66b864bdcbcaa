import type { Deps } from '../deps.ts'
import type { Network, TimelineItem } from '../networks/network.ts'
import { couldBe, findAttempt, type Look } from './find-attempt.ts'

/** `look_id` is the lease of this one look. */
export type OpenLook = Look & { look_id: string }

/** What service.settle_looks takes. */
export type Verdict = Pick<OpenLook, 'post_id' | 'position' | 'number' | 'look_id'> & {
  verdict: 'found' | 'absent' | 'no_evidence'
  remote_id?: string
  sent_at?: string
}

type Seen = { items: TimelineItem[]; complete: boolean }

/**
 * Gives each look the oldest post of the timeline that could be it and is no other segment's.
 * Without one, only a complete timeline proves that the network does not have it.
 */
export const judgeLooks = async (
  deps: Pick<Deps, 'service'>,
  { sameText }: Pick<Network, 'sameText'>,
  looks: OpenLook[],
  { items, complete }: Seen,
): Promise<Verdict[]> => {
  const candidates = items.filter((item) => looks.some((look) => couldBe(look, item, sameText)))
  const owned =
    candidates.length === 0
      ? []
      : await deps.service<string[]>('list_owned_remote_ids', {
          p_remote_ids: candidates.map(({ remoteId }) => remoteId),
        })
  const taken = new Set(owned)
  return looks.map((look) => {
    const free = candidates.filter(({ remoteId }) => !taken.has(remoteId))
    const found = findAttempt(look, free, sameText)
    if (!found) return verdict(look, complete ? 'absent' : 'no_evidence')
    taken.add(found.remoteId)
    return {
      ...verdict(look, 'found'),
      remote_id: found.remoteId,
      sent_at: found.createdAt.toISOString(),
    }
  })
}

export const verdict = (look: OpenLook, kind: Verdict['verdict']): Verdict => ({
  post_id: look.post_id,
  position: look.position,
  number: look.number,
  look_id: look.look_id,
  verdict: kind,
})

import type { Deps } from '../deps.ts'
import type { Network, TimelineItem } from '../networks/network.ts'
import { type Assigned, assignPosts } from './assign-posts.ts'
import { couldBe, type Look } from './find-attempt.ts'

/** `look_id` is the lease of this one look; null for what is seen without one. */
export type OpenLook = Look & { look_id: string | null }

/** What service.settle_looks takes. */
export type Verdict = Pick<OpenLook, 'post_id' | 'position' | 'number' | 'look_id'> & {
  verdict: 'found' | 'absent' | 'ambiguous' | 'no_evidence'
  remote_id?: string
  sent_at?: string
  /** The network names our very uploads, so no attempt with other media can have made it. */
  is_certain?: boolean
  /** Ids of everything it could be. */
  candidates?: string[]
  /** With no_evidence: why. People read it. */
  reason?: Unread
}

/** Why a look brought no verdict. */
export type Unread = { slug: string; detail: string }

/** What a timeline showed; `gap`: what it may be missing, null when it is complete. */
export type Seen = { items: TimelineItem[]; gap: string | null }

/**
 * Judges the looks of one account by what its timeline shows, without what belongs to segments
 * already. Without a candidate, only a complete timeline proves that the network does not have it.
 */
export const judgeLooks = async (
  deps: Pick<Deps, 'service'>,
  { match }: Pick<Network, 'match'>,
  looks: OpenLook[],
  { items, gap }: Seen,
): Promise<Verdict[]> => {
  const compare = (look: OpenLook, item: TimelineItem) => couldBe(look, item, match)
  const candidates = items.filter((item) => looks.some((look) => compare(look, item) !== 'no'))
  const free = await withoutOwned(deps, candidates)
  const assigned = assignPosts(looks, free, compare)
  return looks.map((look) => {
    const told = explain(look, assigned.get(look) ?? { kind: 'nothing' }, gap)
    const found = free.find(({ remoteId }) => remoteId === told.remote_id)
    return found && compare(look, found) === 'certain' ? { ...told, is_certain: true } : told
  })
}

/** Of these posts, those that belong to no segment yet. */
export const withoutOwned = async (
  deps: Pick<Deps, 'service'>,
  items: TimelineItem[],
): Promise<TimelineItem[]> => {
  if (items.length === 0) return []
  const owned = await deps.service<string[]>('list_owned_remote_ids', {
    p_remote_ids: items.map(({ remoteId }) => remoteId),
  })
  return items.filter(({ remoteId }) => !owned.includes(remoteId))
}

/** The network names the media of the post, and no upload of ours: its owner may have posted it by hand. */
const showsOthers = ({ media }: OpenLook, item: TimelineItem): boolean => {
  const named = item.media.map(({ remoteId }) => remoteId).filter((id) => id !== null)
  const ours = media.flatMap(({ remote_ids }) => remote_ids)
  return named.length > 0 && !named.some((id) => ours.includes(id))
}

const explain = (look: OpenLook, assigned: Assigned, gap: string | null): Verdict => {
  switch (assigned.kind) {
    case 'found':
      // A restored database may lack the ids of its uploads; here they are known.
      if (showsOthers(look, assigned.item)) {
        return { ...verdict(look, 'ambiguous'), candidates: [assigned.item.remoteId] }
      }
      return {
        ...verdict(look, 'found'),
        remote_id: assigned.item.remoteId,
        sent_at: assigned.item.createdAt.toISOString(),
      }
    case 'ambiguous':
      return {
        ...verdict(look, 'ambiguous'),
        candidates: assigned.items.map(({ remoteId }) => remoteId),
      }
    case 'nothing':
      return gap === null
        ? verdict(look, 'absent')
        : withoutEvidence(look, { slug: 'timeline-incomplete', detail: gap })
  }
}

const verdict = (look: OpenLook, kind: Verdict['verdict']): Verdict => ({
  post_id: look.post_id,
  position: look.position,
  number: look.number,
  look_id: look.look_id,
  verdict: kind,
})

export const withoutEvidence = (look: OpenLook, { slug, detail }: Unread): Verdict => ({
  ...verdict(look, 'no_evidence'),
  reason: { slug, detail: detail.slice(0, 500) },
})

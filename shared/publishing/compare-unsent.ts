import type { Network, SentSegment, TimelineItem } from '../networks/network.ts'
import { assignPosts } from './assign-posts.ts'
import { couldBe, type Look } from './find-attempt.ts'

type Segment = {
  position: number
  text: string
  status: string
  remote_id: string | null
  media: Look['media']
}

/** A post with segments that a restored database calls unsent, as service.list_unsent_posts gives it. */
export type UnsentPost = {
  post_id: string
  scheduled_at: string
  is_due: boolean
  segments: Segment[]
}

export type Find = { post_id: string; position: number; remote_id: string; sent_at: string }

export type Compared = {
  finds: Find[]
  /** Posts that the network may or may not have. */
  disputed: string[]
}

/** `post` is absent of an attempt whose outcome is open: what is its own belongs to no unsent post. */
type Candidate = Look & { post?: UnsentPost }

/** The first segment of a post that is unsent, as an attempt that may have begun at `sendingAt`. */
const candidateOf = (post: UnsentPost, sendingAt: string): Candidate | null => {
  const segment = post.segments.find(({ status }) => status === 'pending')
  if (!segment) return null
  const before = post.segments.find(({ position }) => position === segment.position - 1)
  return {
    post,
    post_id: post.post_id,
    position: segment.position,
    number: 1,
    text: segment.text,
    reply_to: before?.remote_id ?? null,
    media: segment.media,
    sending_at: sendingAt,
    tries: 1,
  }
}

const findOf = (postId: string, position: number, item: TimelineItem): Find => ({
  post_id: postId,
  position,
  remote_id: item.remoteId,
  sent_at: item.createdAt.toISOString(),
})

/** The replies that follow in a thread, each to the one before; null when two could be the next. */
const followThread = (
  post: UnsentPost,
  position: number,
  first: TimelineItem,
  items: TimelineItem[],
  match: Network['match'],
): Find[] | null => {
  const finds = [findOf(post.post_id, position, first)]
  let parent = first.remoteId
  for (const segment of post.segments.filter((one) => one.position > position)) {
    const sent: SentSegment = {
      text: segment.text,
      replyTo: parent,
      media: segment.media.map(({ kind, remote_ids }) => ({ kind, remoteIds: remote_ids })),
    }
    const next = items.filter((item) => match(sent, item) !== 'no')
    if (next.length > 1) return null
    if (!next[0]) break
    parent = next[0].remoteId
    finds.push(findOf(post.post_id, segment.position, next[0]))
  }
  return finds
}

/**
 * What of a timeline are posts that a restored database calls unsent. First those that are due: they
 * cannot have been sent before their time. What is left may be a post that the lost time sent early,
 * so it is compared with all of them, from `since` on. `open`: the account's attempts whose outcome is
 * open; what could be theirs is disputed, what is theirs is nobody else's. Nothing is guessed. Pure.
 */
export const compareUnsent = (
  posts: UnsentPost[],
  items: TimelineItem[],
  since: Date,
  match: Network['match'],
  open: Look[] = [],
): Compared => {
  const result: Compared = { finds: [], disputed: [] }
  const compare = (look: Candidate, item: TimelineItem) => couldBe(look, item, match)
  const settled = new Set<string>()
  const unsent = new Set(posts.map(({ post_id }) => post_id))
  const rivals: Candidate[] = open.filter(({ post_id }) => !unsent.has(post_id))

  const round = (candidates: Candidate[]) => {
    const taken = new Set(result.finds.map(({ remote_id }) => remote_id))
    const free = items.filter(({ remoteId }) => !taken.has(remoteId))
    for (const [{ post, position }, assigned] of assignPosts(
      [...rivals, ...candidates],
      free,
      compare,
    )) {
      if (!post || assigned.kind === 'nothing') continue
      const finds =
        assigned.kind === 'found' ? followThread(post, position, assigned.item, items, match) : null
      if (finds) result.finds.push(...finds)
      else result.disputed.push(post.post_id)
      settled.add(post.post_id)
    }
  }
  const candidates = (of: UnsentPost[], at: (post: UnsentPost) => string) =>
    of.flatMap((post) => candidateOf(post, at(post)) ?? [])
  round(
    candidates(
      posts.filter(({ is_due }) => is_due),
      (post) => post.scheduled_at,
    ),
  )
  const left = posts.filter(({ post_id }) => !settled.has(post_id))
  round(candidates(left, () => since.toISOString()))
  return result
}

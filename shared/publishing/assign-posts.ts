import type { Match, TimelineItem } from '../networks/network.ts'
import type { Look } from './find-attempt.ts'

/** What one timeline says about one look. */
export type Assigned =
  | { kind: 'found'; item: TimelineItem }
  /** Something that could be it, and no way to tell which is whose. */
  | { kind: 'ambiguous'; items: TimelineItem[] }
  | { kind: 'nothing' }

type Compare<L> = (look: L, item: TimelineItem) => Match

const oldestFirst = (a: TimelineItem, b: TimelineItem) =>
  a.createdAt.getTime() - b.createdAt.getTime()

/** Looks and posts that could belong to each other, directly or through others. */
const groupOf = <L>(first: L, looks: L[], items: TimelineItem[], compare: Compare<L>) => {
  const group = { looks: new Set([first]), items: new Set<TimelineItem>() }
  for (let size = 0; size < group.looks.size + group.items.size; ) {
    size = group.looks.size + group.items.size
    for (const look of group.looks) {
      for (const item of items) if (compare(look, item) !== 'no') group.items.add(item)
    }
    for (const item of group.items) {
      for (const look of looks) if (compare(look, item) !== 'no') group.looks.add(look)
    }
  }
  return { looks: [...group.looks], items: [...group.items].sort(oldestFirst) }
}

/**
 * Gives looks of one account the posts that are theirs. Nothing is guessed: a post is given where
 * the network names our upload, where nothing else could be it, or where as many posts as attempts
 * exist, in the order they were sent. A segment sent again may be there as often as it was tried;
 * then the oldest is it. Everything else is ambiguous. Pure.
 */
export const assignPosts = <L extends Pick<Look, 'sending_at' | 'tries'>>(
  looks: L[],
  items: TimelineItem[],
  compare: Compare<L>,
): Map<L, Assigned> => {
  const assigned = new Map<L, Assigned>()
  const free = new Set(items)
  const give = (look: L, item: TimelineItem) => {
    assigned.set(look, { kind: 'found', item })
    free.delete(item)
  }
  const isCertain = (look: L, item: TimelineItem) => compare(look, item) === 'certain'
  for (const item of items) {
    const [only, ...others] = looks.filter((look) => isCertain(look, item))
    const shown = items.filter((other) => only && isCertain(only, other))
    if (only && others.length === 0 && shown.length === 1) give(only, item)
  }
  for (const look of looks) {
    if (assigned.has(look)) continue
    const open = looks.filter((other) => !assigned.has(other))
    const group = groupOf(look, open, [...free], compare)
    const inOrder = group.looks.sort((a, b) => Date.parse(a.sending_at) - Date.parse(b.sending_at))
    const pairs = inOrder.map((one, index) => ({ one, item: group.items[index] }))
    const isPlain =
      group.looks.length === group.items.length ||
      (group.looks.length === 1 && group.items.length <= look.tries)
    const fits = pairs.every(({ one, item }) => item && compare(one, item) !== 'no')
    if (group.items.length === 0) assigned.set(look, { kind: 'nothing' })
    else if (!isPlain || !fits) {
      for (const one of inOrder) assigned.set(one, { kind: 'ambiguous', items: group.items })
    } else for (const { one, item } of pairs) if (item) give(one, item)
  }
  return assigned
}

import type { Live } from '../database/snapshot.ts'
import type { Step } from '../world.ts'
import { indexRows } from './index-rows.ts'

const GRAIN_MS = 1
/** Of a post that comes back from them nobody has asked for anything. */
const UNDER_WAY = new Set(['scheduled', 'publishing', 'unconfirmed'])

/**
 * How late a post may go, by what its author chose and not by what its job says: patience is counted from its
 * time, or from the moment it was asked for when that was later. Where it had no end, it is counted from when it got one.
 */
export const createPatience = () => {
  const askedAt = new Map<string, number>()
  return {
    note: ({ before, after, nowMs }: Step) => {
      const { posts } = indexRows(before)
      for (const { id, due, status, late } of after.posts) {
        const was = posts.get(id)
        const isAsked = status === 'scheduled' && !UNDER_WAY.has(was?.status ?? '')
        const wasEndless = was?.late === 'publish' && late !== 'publish'
        if (due !== was?.due || isAsked || wasEndless) askedAt.set(id, nowMs)
      }
    },
    /** Why an attempt should not have been begun any more. */
    judge: ({ before, nowMs }: Step, { post: id, position }: Live): string[] => {
      const post = indexRows(before).posts.get(id)
      if (!post || post.late === 'publish' || position > 0) return []
      const from = Math.max(post.due ?? 0, askedAt.get(id) ?? 0)
      return nowMs <= from + post.patience + GRAIN_MS
        ? []
        : [`post ${id} was sent though it was too late to: its policy is ${post.late}`]
    },
  }
}

import type { Step } from '../world.ts'
import { attemptKey, indexRows, segmentKey } from './index-rows.ts'

/** What a worker tells service.advance of an attempt. */
type Result = {
  post_id: string
  position: number
  number: number
  outcome: string
  remote_id?: string
}

/**
 * Whenever a worker says that X took an attempt, it is on X: whether its lease had lapsed, whether it had been
 * called unknown or given up meanwhile. Ids that belong to somebody are no such answer.
 */
export const answersAreAdopted = ({ call, args, before, after }: Step): string[] => {
  if (call !== 'advance') return []
  const told = ((args.p_results ?? []) as Result[]).filter(({ outcome }) => outcome === 'accepted')
  const owned = new Set(before.owned.map(([remoteId]) => remoteId))
  const ids = told.map(({ remote_id }) => remote_id)
  const was = indexRows(before)
  const { attempts } = indexRows(after)
  return told.flatMap(({ post_id, position, number, remote_id = '' }) => {
    const attempt = { post: post_id, position, number }
    const key = attemptKey(attempt)
    const isKnown = was.live.get(segmentKey(attempt))?.number === number || was.attempts.has(key)
    const isOver = was.attempts.get(key)?.status === 'accepted'
    const isTaken = owned.has(remote_id) || ids.indexOf(remote_id) !== ids.lastIndexOf(remote_id)
    if (!isKnown || isOver || isTaken || attempts.get(key)?.remote === remote_id) return []
    const status = attempts.get(key)?.status ?? 'open'
    return [`X took attempt ${key}, its worker said so, and it is ${status}`]
  })
}

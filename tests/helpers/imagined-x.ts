import { randomUUID } from 'node:crypto'
import type { Attempt, AttemptResult } from '../../shared/publishing/batches.ts'
import { resultFor } from './publishing.ts'

/** Never lets on what it thinks: which segments an imagined X has, and what it says about it. */
export const imagineX = (random: () => number) => {
  const taken = new Map<string, string[]>()
  const key = ({ post_id, position }: Pick<Attempt, 'post_id' | 'position'>) =>
    `${post_id} ${position}`
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T

  return {
    /** What X has, by segment. */
    taken,
    /** X takes it or not, and its answer arrives (null: it never does). */
    post(attempt: Attempt, behaves: boolean): AttemptResult | null {
      if (behaves || random() < 0.7) {
        const remoteId = randomUUID()
        taken.set(key(attempt), [...(taken.get(key(attempt)) ?? []), remoteId])
        const accepted = resultFor(attempt, 'accepted', { remote_id: remoteId })
        return behaves ? accepted : pick(accepted, accepted, resultFor(attempt, 'unknown'), null)
      }
      return pick(resultFor(attempt, 'retry'), resultFor(attempt, 'unknown'), null)
    },
    /** What its timeline shows of an attempt. */
    show(open: Pick<Attempt, 'post_id' | 'position'>) {
      const [remoteId] = taken.get(key(open)) ?? []
      return remoteId ? { verdict: 'found', remote_id: remoteId } : { verdict: 'absent' }
    },
  }
}

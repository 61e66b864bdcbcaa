import type { Step } from './advance.ts'

/** By post: who gets its attempt. */
export type Holders = Map<string, Step>

/**
 * Who gets an attempt: a worker that was frozen may hold two claims of one lane, and both ask for the
 * same post in one call. Given to the earlier one, the later one would go on to the next post.
 */
export const holdersOf = (steps: Step[]): Holders => {
  const holders: Holders = new Map()
  for (const step of steps) {
    if (!step.go) continue
    const known = holders.get(step.go.post_id)
    const isLater = (step.claimNumber ?? 0) > (known?.claimNumber ?? 0)
    if (!known || isLater) holders.set(step.go.post_id, step)
  }
  return holders
}

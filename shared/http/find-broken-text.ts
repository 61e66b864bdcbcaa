import { pointerOf } from './faults.ts'

export type BrokenText = { pointer: string }

const isBroken = (text: string) => text.includes('\u0000') || !text.isWellFormed()

/** The first string or key of a JSON value that no text column can hold, if there is one. */
export const findBrokenText = (
  value: unknown,
  path: readonly (string | number)[] = [],
): BrokenText | null => {
  if (typeof value === 'string') return isBroken(value) ? { pointer: pointerOf(path) } : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, child] of Object.entries(value)) {
    if (isBroken(key)) return { pointer: pointerOf(path) }
    const broken = findBrokenText(child, [...path, key])
    if (broken) return broken
  }
  return null
}

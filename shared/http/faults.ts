import type { z } from 'zod'
import type { Fault } from './problem.ts'

/** RFC 6901: ['segments', 1, 'text'] is "/segments/1/text". */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** One fault per thing that is wrong; an unknown key is named, not its parent. */
export const faultsOf = (
  issues: readonly z.core.$ZodIssue[],
  part?: 'query' | 'header' | 'param',
): Fault[] =>
  issues.flatMap((issue) => {
    const where = part === 'query' || part === 'header' ? { in: part } : {}
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: pointerOf([...issue.path, key]),
        ...where,
        detail: `Unknown key "${key}".`,
      }))
    }
    return [
      { pointer: pointerOf(issue.path), ...where, detail: sentence(issue), ...extraOf(issue) },
    ]
  })

const sentence = (issue: z.core.$ZodIssue) => {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return `Missing: send ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}.`
  }
  if (issue.code === 'invalid_format' && issue.format === 'datetime') {
    return 'Must be an instant with its offset, such as 2026-12-01T09:00:00Z.'
  }
  return issue.message.endsWith('.') ? issue.message : `${issue.message}.`
}

/** Custom issues may carry figures for programs, such as the counted length and the limit. */
const extraOf = (issue: z.core.$ZodIssue) =>
  issue.code === 'custom' && issue.params ? issue.params : {}

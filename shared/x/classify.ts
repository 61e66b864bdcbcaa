import type { Failure } from '../networks/outcome.ts'
import { failureTable, type Row } from './failure-table.ts'
import { readWait } from './rates.ts'
import type { Broken } from './transport.ts'

/** What came back from X, reduced to what the table decides on. `body` is the parsed JSON, if any. */
export type Answer = { status: number; headers: Headers; body: unknown }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** X's own words: of a problem, of the older `errors` list, and of an OAuth error. Never parameters. */
const wordsOf = (body: unknown): string[] => {
  if (!isRecord(body)) return []
  const named = ['detail', 'error_description', 'message', 'title', 'error', 'reason', 'type']
  const own = named.map((name) => body[name]).filter((word) => typeof word === 'string')
  const code = typeof body.code === 'number' ? [`code ${body.code}`] : []
  const nested = Array.isArray(body.errors) ? body.errors.flatMap(wordsOf) : []
  return [...own, ...nested, ...code]
}

const matches = (row: Row, input: Answer | Broken, said: string): boolean => {
  const { when, says, isForeign } = row
  if ('broken' in input) return when.includes(input.broken)
  if (isForeign && isRecord(input.body)) return false
  const family = `${Math.floor(input.status / 100)}xx` as '4xx'
  const fits = when.length === 0 || when.includes(input.status) || when.includes(family)
  return fits && (says === undefined || says.test(said))
}

/** Explains an unsuccessful call to X by the first row of the table that fits. Pure. */
export const classify = (input: Answer | Broken, now: Date): Failure => {
  const words = 'broken' in input ? [input.detail] : wordsOf(input.body)
  const row = failureTable.find((candidate) => matches(candidate, input, words.join('\n')))
  if (!row) throw new Error('The last row of the failure table fits everything.')
  const detail = words[0] ?? ('status' in input ? `X answered ${input.status}.` : '')
  const { slug, who, remedy, kind } = row
  const told = { slug, detail, who, remedy, ...('status' in input && { status: input.status }) }
  if (kind !== 'retry') return { kind, ...told }
  const wait =
    'headers' in input ? readWait(input.headers, now) : { after: null, scope: 'account' as const }
  return { kind, ...told, ...wait }
}

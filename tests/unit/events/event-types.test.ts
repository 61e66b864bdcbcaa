import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bodyOf, entryOf, eventTypeNames, exampleOf } from '../../../shared/events/event-types.ts'
import { postStatuses } from '../../../shared/posts/post.ts'

const folder = join(import.meta.dirname, '../../../supabase/migrations')
const sql = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n')

const quoted = sql.matchAll(
  /'((?:account|app|budget|mention|metrics|post|webhook|webhook_endpoint|workspace)\.[a-z_]+)'/g,
)
// SQL makes post.<status> of every status a post gets by itself; a draft has its own words.
const byStatus = postStatuses
  .filter((status) => !['draft', 'pending_approval', 'publishing'].includes(status))
  .map((status) => `post.${status}`)

test('the catalogue names every type that SQL writes, and no other', () => {
  const written = new Set([...Array.from(quoted, ([, type]) => type), ...byStatus])
  expect([...written].sort()).toEqual([...eventTypeNames].sort())
})

/** Every slug anywhere in it. */
const slugsIn = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => (key === 'slug' ? [inner] : slugsIn(inner)))
    : []

test('every slug in an example is one that docs/errors.md explains', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8')
  const explained = Array.from(page.matchAll(/^\| `([a-z-]+)`/gm), ([, slug]) => slug)
  const used = eventTypeNames.flatMap((type) => slugsIn(exampleOf(type)))
  expect(used.length).toBeGreaterThan(3)
  expect(used.filter((slug) => !explained.includes(String(slug)))).toEqual([])
})

test.each(eventTypeNames)('the example of %s is one, down to its members', (type) => {
  expect(bodyOf(type).strict().parse(exampleOf(type))).toEqual(exampleOf(type))
  expect(entryOf(type).data.strict().parse(entryOf(type).example)).toEqual(entryOf(type).example)
})

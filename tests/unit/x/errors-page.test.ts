import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AtRisk } from '../../../shared/posts/list-at-risk.ts'
import { failureTable, type Row } from '../../../shared/x/failure-table.ts'
import { oauthTable } from '../../../shared/x/oauth-failure.ts'

const ROOT = join(import.meta.dirname, '../../..')
const page = await readFile(join(ROOT, 'docs/errors.md'), 'utf8')

/** The rows of the table under a heading, cell by cell. */
const tableUnder = (heading: string): string[][] => {
  const from = page.indexOf(`${heading}\n`)
  const rest = page.slice(from + heading.length)
  const section = rest.slice(0, rest.search(/^#/m))
  return [...section.matchAll(/^\| `.*$/gm)].map(([row]) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const becomes: Record<Row['kind'], string> = {
  refused: 'failed for good',
  retry: 'tried again',
  not_sent: 'tried again',
  reauth: 'tried again with a fresh token',
  account_blocked: 'account paused, its posts wait',
  app_blocked: 'every account of the X app waits',
  unknown: 'looked for on X',
}

test('docs/errors.md tells what the code makes of every answer of X, in the same order', () => {
  expect(tableUnder('## What X answers')).toEqual(
    failureTable.map(({ slug, means, kind, becomes: instead, who, remedy }) => [
      `\`${slug}\``,
      means,
      instead ?? becomes[kind],
      who,
      remedy,
    ]),
  )
})

test('docs/errors.md tells what the code makes of every answer to OAuth', () => {
  expect(tableUnder('### When tokens are exchanged or refreshed')).toEqual(
    Object.entries(oauthTable).map(([slug, { means, becomes: what, who, remedy }]) => [
      `\`${slug}\``,
      means,
      what,
      who,
      remedy,
    ]),
  )
})

test('docs/errors.md explains every failure that SQL puts on a post', async () => {
  const explained = [
    '## What MyPosts says of a post itself',
    '### Why a look brought no verdict',
  ].flatMap((heading) => tableUnder(heading).map(([slug]) => slug))
  const used = new Set<string>()
  for await (const file of glob(
    'supabase/migrations/*_{attempt_results,outcomes,late_answers,settling,watching,looks,verdicts,resolving,incarnation,releasing_accounts,restored_accounts,unsent_posts}.sql',
    {
      cwd: ROOT,
    },
  )) {
    const sql = await readFile(join(ROOT, file), 'utf8')
    for (const [, slug] of sql.matchAll(/'slug', '([a-z-]+)'/g)) used.add(`\`${slug}\``)
    for (const [, slug] of sql.matchAll(/(?:when|then|else|array_agg\() ?'([a-z]+-[a-z-]+)'/g)) {
      if (slug !== 'duplicate-content') used.add(`\`${slug}\``)
    }
  }
  expect(used.size).toBeGreaterThan(5)
  expect([...used].filter((slug) => !explained.includes(slug))).toEqual([])
})

test('docs/errors.md explains every reason of ours for a look without a verdict', async () => {
  const explained = tableUnder('### Why a look brought no verdict').map(([slug]) => slug)
  const files = ['publishing/reconcile.ts', 'publishing/judge-looks.ts']
  const code = await Promise.all(files.map((file) => readFile(join(ROOT, 'shared', file), 'utf8')))
  const used = [...code.join('').matchAll(/slug: '([a-z-]+)'/g)].map(([, slug]) => `\`${slug}\``)
  expect(used.length).toBeGreaterThan(2)
  expect(used.filter((slug) => !explained.includes(slug))).toEqual([])
})

test('docs/errors.md explains every reason for which SQL calls a post at risk, and no other', async () => {
  const explained = tableUnder('## Why a post is at risk').map(([slug]) => slug)
  const shown = AtRisk.shape.reasons.element.shape.slug.options.map((slug) => `\`${slug}\``)
  let sql = ''
  for await (const file of glob('supabase/migrations/*_risks.sql', { cwd: ROOT })) {
    sql += await readFile(join(ROOT, file), 'utf8')
  }
  const used = [
    ...sql.matchAll(/'([a-z-]+)',\s+'(?:operator|workspace|account|author|app|provider)'/g),
    ...sql.matchAll(/row\(\s*'([a-z-]+)'/g),
  ].map(([, slug]) => `\`${slug}\``)
  expect(explained).toEqual(shown)
  expect([...new Set(used)].sort()).toEqual(explained.toSorted())
})

test('every slug of the table is said once', () => {
  const slugs = failureTable.map(({ slug }) => slug)
  expect(new Set(slugs).size).toBe(slugs.length)
})

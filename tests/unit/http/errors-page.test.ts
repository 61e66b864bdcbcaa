import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problemTypes } from '../../../shared/http/problem-types.ts'

const ROOT = join(import.meta.dirname, '../../..')

test('docs/errors.md has one row for each kind of problem, with its status', async () => {
  const page = await readFile(join(ROOT, 'docs/errors.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\|/gm)].map(([, slug, status]) => [
    slug,
    Number(status),
  ])
  const types = Object.entries(problemTypes).map(([slug, { status }]) => [slug, status])
  expect(rows).toEqual(types)
})

test('everything SQL refuses with is a known kind of problem, with the same status', async () => {
  const unknown: string[] = []
  for await (const file of glob('supabase/migrations/*.sql', { cwd: ROOT })) {
    const sql = await readFile(join(ROOT, file), 'utf8')
    for (const [, status, slug = ''] of sql.matchAll(/private\.refuse\(\s*(\d{3}), '([a-z-]+)'/g)) {
      const type = (problemTypes as Record<string, { status: number }>)[slug]
      if (type?.status !== Number(status)) unknown.push(`${file}: ${status} ${slug}`)
    }
  }
  expect(unknown).toEqual([])
})

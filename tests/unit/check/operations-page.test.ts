import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

const read = (path: string) => readFile(join(ROOT, path), 'utf8')

const migrations = async (): Promise<string> => {
  let sql = ''
  for await (const file of glob('supabase/migrations/*.sql', { cwd: ROOT })) sql += await read(file)
  return sql
}

const alertsOf = async (): Promise<string[]> => {
  const page = await read('docs/operations.md')
  const section = page.split(/^## /m).find((part) => part.startsWith('Alerts')) ?? ''
  return [...section.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, kind = '']) => kind)
}

test('docs/operations.md says what to do for each alert that SQL raises, and for no other', async () => {
  const raised = (await migrations()).matchAll(/private\.raise_alert\(\s*'([a-z-]+)'/g)
  const kinds = new Set([...raised].map(([, kind = '']) => kind))
  expect(kinds.size).toBeGreaterThan(0)
  expect(await alertsOf()).toEqual([...kinds].sort())
})

test('every function and table docs/operations.md tells an operator to use exists', async () => {
  const page = await read('docs/operations.md')
  const sql = await migrations()
  const named = new Set(
    [...page.matchAll(/\b((?:private|service|public)\.[a-z_]+)/g)].map(([, name = '']) => name),
  )
  const missing = [...named].filter(
    (name) => !new RegExp(`create (function|table|view) ${name.replace('.', '\\.')}\\b`).test(sql),
  )
  expect(missing).toEqual([])
})

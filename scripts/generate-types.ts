// Usage: npm run types — writes shared/db/database.types.ts from the migrations.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startScratchPostgres } from './scratch-postgres.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
const TARGET = join(ROOT, 'shared/db/database.types.ts')
const NOTICE =
  '// Generated from the migrations by `npm run types`; a test fails when it is stale.\n\n'

const run = promisify(execFile)

/** The TypeScript types of the exposed schemas of a migrated database, formatted. */
export async function generateTypes(url: string): Promise<string> {
  const { stdout } = await run(
    join(BIN, 'supabase'),
    [
      'gen',
      'types',
      '--lang=typescript',
      '--schema=public,service',
      `--remote=${url}?sslmode=disable`,
    ],
    { cwd: ROOT, env: { ...process.env, DO_NOT_TRACK: '1' } },
  )
  return format(NOTICE + stdout)
}

async function format(source: string): Promise<string> {
  const formatting = run(join(BIN, 'biome'), ['format', '--stdin-file-path=types.ts'], {
    cwd: ROOT,
  })
  formatting.child.stdin?.end(source)
  return (await formatting).stdout
}

/** What is committed now; empty before the first time. */
export const committedTypes = () => readFile(TARGET, 'utf8').catch(() => '')

if (import.meta.main) {
  const postgres = await startScratchPostgres()
  try {
    await writeFile(TARGET, await generateTypes(postgres.url))
  } finally {
    await postgres.stop()
  }
}

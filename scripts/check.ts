// Usage: npm run check — everything that can be judged in seconds and without a database.

import { execFile } from 'node:child_process'
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EnvSchema } from '../shared/env.ts'
import { compareEnvNames } from './check/env-names.ts'
import { compareFunctionConfig } from './check/function-config.ts'
import { importsIn } from './check/imports.ts'
import { findViolations } from './check/layering.ts'
import { findSharedVersions } from './check/migration-versions.ts'
import { comparePins } from './check/pins.ts'
import { missingPlatforms } from './complete-lockfile.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')

const text = (path: string) => readFile(join(ROOT, path), 'utf8')
const json = async (path: string) => JSON.parse(await text(path))
const files = async (pattern: string) => {
  const found: string[] = []
  for await (const file of glob(pattern, { cwd: ROOT })) found.push(file)
  return found.sort()
}

type Check = () => Promise<string[]>

/** The lines a tool has to say when it fails. */
const toolWith =
  (env: NodeJS.ProcessEnv, command: string, ...args: string[]): Check =>
  () => {
    const options = { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }
    return promisify(execFile)(join(BIN, command), args, options).then(
      () => [],
      ({ stdout, stderr, message }) => [`${stdout}${stderr}` || message],
    )
  }
const tool = (command: string, ...args: string[]) => toolWith(process.env, command, ...args)

/**
 * Begins from nothing: what Deno remembers of the last check decides in which order it looks at types, and
 * so where it gives up on deep ones.
 */
const checkUnderDeno: Check = async () => {
  const memory = await mkdtemp(join(tmpdir(), 'myposts-check-'))
  try {
    const entries = await files('functions/*/index.ts')
    const env = { ...process.env, DENO_DIR: memory }
    return await toolWith(env, 'deno', 'check', '--config=deno.json', ...entries)()
  } finally {
    await rm(memory, { recursive: true, force: true })
  }
}

const CHECKS: Record<string, Check> = {
  'format and lint': tool('biome', 'ci', '--colors=off', '--error-on-warnings', '.'),
  types: tool('tsc', '--noEmit', '-p', '.'),
  'types under Deno': checkUnderDeno,
  'locks of migrations': async () =>
    tool('squawk', ...(await files('supabase/migrations/*.sql')))(),
  'versions of migrations': async () =>
    findSharedVersions(await files('supabase/migrations/*.sql')),
  layering: async () =>
    findViolations(await importsIn(ROOT, ['functions', 'shared', 'scripts', 'tests'])),
  'pinned versions': async () => comparePins(await json('package.json'), await json('deno.json')),
  'platforms in the lockfile': async () =>
    Object.keys(missingPlatforms(await json('package-lock.json'))).map(
      (path) => `package-lock.json lacks ${path}: run node scripts/complete-lockfile.ts`,
    ),
  'names of settings': async () =>
    compareEnvNames(
      Object.keys(EnvSchema.shape),
      await text('.env.example'),
      await text('docs/configuration.md'),
    ),
  'functions in config.toml': async () =>
    compareFunctionConfig(
      (await files('functions/*/index.ts')).map((file) => file.split('/')[1] ?? ''),
      await text('supabase/config.toml'),
    ),
}

async function report(name: string, check: Check): Promise<boolean> {
  const started = performance.now()
  const faults = await check().catch((error: Error) => [error.message])
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(26)} ${seconds} s`)
  for (const fault of faults) console.log(fault)
  return faults.length === 0
}

const results = await Promise.all(
  Object.entries(CHECKS).map(([name, check]) => report(name, check)),
)
if (results.includes(false)) process.exitCode = 1

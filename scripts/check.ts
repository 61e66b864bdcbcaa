// Usage: npm run check — everything that can be judged in seconds and without a database.

import { execFile } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EnvSchema } from '../shared/env.ts'
import { compareEnvNames } from './check/env-names.ts'
import { compareFunctionConfig } from './check/function-config.ts'
import { importsIn } from './check/imports.ts'
import { findViolations } from './check/layering.ts'
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
const tool =
  (command: string, ...args: string[]): Check =>
  () =>
    promisify(execFile)(join(BIN, command), args, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 }).then(
      () => [],
      ({ stdout, stderr, message }) => [`${stdout}${stderr}` || message],
    )

const CHECKS: Record<string, Check> = {
  'format and lint': tool('biome', 'ci', '--colors=off', '--error-on-warnings', '.'),
  types: tool('tsc', '--noEmit', '-p', '.'),
  'types under Deno': async () =>
    tool('deno', 'check', '--config=deno.json', ...(await files('functions/*/index.ts')))(),
  'locks of migrations': async () =>
    tool('squawk', ...(await files('supabase/migrations/*.sql')))(),
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

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { fault } from './fault.ts'
import { makeExecutable, packageFile } from './package-file.ts'
import { runProgram } from './run-program.ts'

/**
 * Brings the database to the project's newest migration with the real `supabase db push`; answers how many were new.
 * The command takes a second to start, so it is not asked when the history already holds exactly the folder's versions.
 * `project` is the directory that holds `supabase/`; `url` logs in as `postgres`.
 */
export const applyMigrations = async (url: string, project: string): Promise<number> => {
  const [versions, applied] = await Promise.all([folderVersions(project), appliedVersions(url)])
  const missing = versions.filter((version) => !applied.has(version)).length
  if (missing === 0 && applied.size === versions.length) return 0
  const { code, output } = await push(url, project)
  if (code !== 0) throw await pushFault(output, project)
  return missing
}

const folderVersions = async (project: string) => {
  const names = await readdir(join(project, 'supabase', 'migrations'))
  return names.flatMap((name) => /^(\d+)_.*\.sql$/.exec(name)?.[1] ?? [])
}

const appliedVersions = async (url: string) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ version: string }>(
      'select version from supabase_migrations.schema_migrations',
    )
    return new Set(rows.map((row) => row.version))
  } catch (error) {
    const UNDEFINED_TABLE = '42P01'
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE)
      return new Set<string>()
    throw error
  } finally {
    await client.end()
  }
}

const push = (url: string, project: string) => {
  const { file, args } = cli()
  const remote = `--remote=${url}?sslmode=disable`
  return runProgram(file, [...args, 'db', 'push', remote, '--yes', '--workdir', project], {
    cwd: project,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      SUPABASE_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    },
  })
}

// The program itself where its package is present: the Node script in front of it costs a second process.
const cli = () => {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const native = packageFile(`@supabase/cli-${platform}`, 'bin/supabase', 'supabase')
  if (native) return { file: makeExecutable(native), args: [] }
  const script = packageFile('supabase', 'dist/supabase.js')
  if (script) return { file: process.execPath, args: [script] }
  throw fault('The Supabase CLI is not installed.', 'Run `npm ci`.')
}

const pushFault = async (output: string, project: string) => {
  const file = [...output.matchAll(/^Applying migration (\S+\.sql)\.\.\.$/gm)].at(-1)?.[1]
  const error = /^ERROR: [\s\S]*?(?=\nTry rerunning|$(?![\s\S]))/m.exec(output)?.[0]
  if (!file || !error) {
    return fault(
      `The migrations could not be applied:\n${output.trim()}`,
      'If the database is ahead of the folder, check out the newer code, or begin anew: npm start -- --fresh',
    )
  }
  const sql = await readFile(join(project, 'supabase', 'migrations', file), 'utf8')
  return fault(
    `The migration supabase/migrations/${file} failed at line ${failingLine(sql, error)}:\n${error}`,
    'Correct the file and start again; if the database itself is at fault: npm start -- --fresh',
  )
}

/** The 1-based line of the statement that the command line quotes under "At statement". */
export const failingLine = (sql: string, error: string) => {
  const quoted =
    error
      .split(/^At statement: \d+$/m)[1]
      ?.trim()
      .split('\n') ?? []
  const caret = quoted.findIndex((line) => /^\s*\^\s*$/.test(line))
  const text = quoted[caret > 0 ? caret - 1 : 0]?.trim()
  const index = text ? sql.split('\n').findIndex((line) => line.includes(text)) : -1
  return index === -1 ? 'unknown' : index + 1
}

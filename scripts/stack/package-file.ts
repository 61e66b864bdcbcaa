import { chmodSync, existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * The absolute path of a file in an installed package; undefined when the package or the file is absent.
 * `from` is the package that depends on it, when the project itself does not.
 */
export const packageFile = (name: string, file: string, from?: string): string | undefined => {
  const here = createRequire(import.meta.url)
  for (const folder of searchPaths(here, from)) {
    const path = join(folder, name, file)
    if (existsSync(path)) return path
  }
  return undefined
}

/** Adds the execute bits an archive may have lost. */
export const makeExecutable = (file: string) => {
  const { mode } = statSync(file)
  if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555)
  return file
}

const searchPaths = (here: NodeJS.Require, from?: string) => {
  const own = here.resolve.paths('x') ?? []
  const host = from && own.map((folder) => join(folder, from)).find((folder) => existsSync(folder))
  return host ? [join(host, 'node_modules'), dirname(host), ...own] : own
}

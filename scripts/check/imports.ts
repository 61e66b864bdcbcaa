import { glob, readFile } from 'node:fs/promises'
import { posix } from 'node:path'

export type Import = { from: string; to: string; line: number }

const SPECIFIER = /\b(?:from\s+|import\s+|import\s*\(\s*)'([^']+)'/g

/** Every import in a TypeScript source, type imports too. Relative ones as paths from the root. */
export function importsOf(from: string, source: string): Import[] {
  return source.split('\n').flatMap((text, index) =>
    [...text.matchAll(SPECIFIER)].map(([, specifier = '']) => ({
      from,
      to: specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier,
      line: index + 1,
    })),
  )
}

/** The imports of all files in these folders of `root`. */
export async function importsIn(root: string, folders: string[]): Promise<Import[]> {
  const found: Import[] = []
  for await (const file of glob(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root },
  )) {
    found.push(...importsOf(file, await readFile(`${root}/${file}`, 'utf8')))
  }
  return found
}

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { say } from '../support/report.ts'

const size = async (entry: string, minify: boolean): Promise<number> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify,
    write: false,
    format: 'esm',
    target: 'es2022',
    // Bare names resolve to node_modules, whose versions are those of deno.json (npm run check).
    platform: 'node',
    conditions: ['deno', 'worker'],
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).byteLength / 1024
}

/** Size of the largest function with all it imports, gzipped and not minified, in KiB. */
export const largestBundle = async (project: string, slugs: string[]): Promise<number> => {
  const sizes: number[] = []
  for (const slug of slugs) {
    const entry = join(project, 'functions', slug, 'index.ts')
    const plain = await size(entry, false)
    const small = await size(entry, true)
    say(`bundle of ${slug}: ${plain.toFixed(0)} KiB gzipped, ${small.toFixed(0)} minified`)
    sizes.push(plain)
  }
  return Math.max(...sizes)
}

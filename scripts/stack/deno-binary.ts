import { fault } from './fault.ts'
import { makeExecutable, packageFile } from './package-file.ts'

const TARGETS: Record<string, string> = {
  'linux-x64': 'linux-x64-glibc',
  'linux-arm64': 'linux-arm64-glibc',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
}

/** The Deno program itself; the script npm links to would start a second process before it. */
export const denoBinary = () => {
  const target = TARGETS[`${process.platform}-${process.arch}`]
  const file = target && packageFile(`@deno/${target}`, 'deno', 'deno')
  if (file) return makeExecutable(file)
  throw fault(
    `Deno is not installed for ${process.platform}-${process.arch}.`,
    'Run `npm ci` on this machine, without --omit=optional.',
  )
}

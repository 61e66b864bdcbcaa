// Usage: node scripts/complete-lockfile.ts [--check] — names every platform's package in package-lock.json.
//
// npm leaves out optional packages that the registry it was run against does not offer, which a mirror
// may do for other platforms than its own. `npm ci` then refuses the lockfile, or installs no binary.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Entry = {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

export type Lockfile = { packages: Record<string, Entry> }

const OS = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  android: 'android',
}
const CPU = ['arm64', 'x64', 'ia32', 'arm', 's390x', 'ppc64', 'riscv64', 'loong64', 'mips64el']

/** Which platform a package is for, by its name: `…-linux-arm64-musl`. */
export const platformOf = (name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> => {
  const words = name.split(/[/-]/)
  const os = Object.entries(OS).find(([word]) => words.includes(word))?.[1]
  const cpu = CPU.find((word) => words.includes(word))
  const libc = words.includes('musl') ? 'musl' : words.includes('glibc') ? 'glibc' : undefined
  return {
    ...(os && { os: [os] }),
    ...(cpu && { cpu: [cpu] }),
    ...(libc && { libc: [libc] }),
  }
}

/** Entries the lockfile lacks for optional dependencies, at the version (or the start of the range) asked for. */
export const missingPlatforms = ({ packages }: Lockfile): Record<string, Entry> =>
  Object.fromEntries(
    Object.values(packages).flatMap((parent) =>
      Object.entries(parent.optionalDependencies ?? {})
        .map(([name, range]) => [name, range.replace(/^[\^~v=]+/, '')] as const)
        .filter(([name, version]) => /^\d/.test(version) && !packages[`node_modules/${name}`])
        .map(([name, version]) => [
          `node_modules/${name}`,
          {
            version,
            ...(parent.dev && { dev: true }),
            optional: true,
            ...platformOf(name),
          },
        ]),
    ),
  )

const main = () => {
  const file = join(import.meta.dirname, '..', 'package-lock.json')
  const lockfile = JSON.parse(readFileSync(file, 'utf8')) as Lockfile
  const missing = missingPlatforms(lockfile)
  const names = Object.keys(missing)
  if (process.argv.includes('--check')) {
    if (names.length === 0) return
    console.error(`package-lock.json lacks ${names.join(', ')}: node scripts/complete-lockfile.ts`)
    process.exitCode = 1
    return
  }
  const packages = { ...lockfile.packages, ...missing }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(file, `${JSON.stringify({ ...lockfile, packages: sorted }, null, 2)}\n`)
  console.log(`added ${names.length} platform packages`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()

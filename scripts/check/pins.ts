type Manifest = Record<'dependencies' | 'devDependencies', Record<string, string>>
type DenoConfig = { imports: Record<string, string> }

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/
const NPM = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)/

/** What is not pinned exactly, or pinned differently in package.json and deno.json. */
export function comparePins(manifest: Manifest, deno: DenoConfig): string[] {
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `package.json: ${name} ${version} is no exact version`)

  const pinned = new Map<string, string>()
  const different = Object.entries(deno.imports).flatMap(([specifier, target]) => {
    const [, name = '', version = ''] = NPM.exec(target) ?? []
    pinned.set(name, version)
    const expected = manifest.dependencies[name]
    if (expected === version) return []
    return `deno.json: ${specifier} is ${target}, package.json has ${name || specifier} ${expected ?? 'not'}`
  })

  const missing = Object.keys(manifest.dependencies)
    .filter((name) => !pinned.has(name))
    .map((name) => `deno.json: ${name} of package.json is not imported`)
  return [...loose, ...different, ...missing]
}

const ASSIGNMENT = /^#?\s?([A-Z][A-Z0-9_]*)=/gm

/**
 * Where .env.example and docs/configuration.md differ from what shared/env.ts reads. What the
 * platform provides (SUPABASE_…, SB_…) is documented, but nobody sets it.
 */
export function compareEnvNames(read: string[], example: string, documentation: string): string[] {
  const offered = [...example.matchAll(ASSIGNMENT)].map(([, name = '']) => name)
  const ours = read.filter((name) => !/^(SUPABASE|SB)_/.test(name))
  return [
    ...ours.filter((name) => !offered.includes(name)).map((name) => `.env.example lacks ${name}`),
    ...offered
      .filter((name) => !ours.includes(name))
      .map((name) => `.env.example has ${name}, which nothing reads`),
    ...read
      .filter((name) => !documentation.includes(`\`${name}\``))
      .map((name) => `docs/configuration.md lacks ${name}`),
  ]
}

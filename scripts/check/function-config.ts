const SECTION = /^\[functions\.([\w-]+)\]\n((?:(?!\[).*\n?)*)/gm

const expectedLines = (slug: string) => [
  `entrypoint = "../functions/${slug}/index.ts"`,
  'import_map = "../deno.json"',
  'verify_jwt = false',
]

/** Where supabase/config.toml differs from the folders of functions/. We authenticate in code. */
export function compareFunctionConfig(slugs: string[], config: string): string[] {
  const sections = new Map(
    [...config.matchAll(SECTION)].map(([, slug = '', body = '']) => [slug, body.split('\n')]),
  )
  return [
    ...slugs.flatMap((slug) =>
      expectedLines(slug)
        .filter((line) => !sections.get(slug)?.includes(line))
        .map((line) => `config.toml: [functions.${slug}] lacks ${line}`),
    ),
    ...[...sections.keys()]
      .filter((slug) => !slugs.includes(slug))
      .map((slug) => `config.toml: [functions.${slug}] has no folder functions/${slug}`),
  ]
}

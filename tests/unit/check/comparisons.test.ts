import { expect, test } from 'vitest'
import { compareEnvNames } from '../../../scripts/check/env-names.ts'
import { compareFunctionConfig } from '../../../scripts/check/function-config.ts'
import { findSharedVersions } from '../../../scripts/check/migration-versions.ts'
import { comparePins } from '../../../scripts/check/pins.ts'

test('pins must be exact and the same in both manifests', () => {
  const manifest = {
    dependencies: { hono: '4.13.19', zod: '4.6.7', '@hono/zod-validator': '0.9.1', jose: '6.2.17' },
    devDependencies: { vitest: '^5.1.1' },
  }
  const imports = {
    hono: 'npm:hono@4.13.19',
    'hono/': 'npm:/hono@4.13.19/',
    '@hono/zod-validator': 'npm:@hono/zod-validator@0.9.1',
    zod: 'npm:zod@4.6.6',
  }
  expect(comparePins(manifest, { imports })).toEqual([
    'package.json: vitest ^5.1.1 is no exact version',
    'deno.json: zod is npm:zod@4.6.6, package.json has zod 4.6.7',
    'deno.json: jose of package.json is not imported',
  ])
})

test('the example and the documentation name what is read, and nothing else', () => {
  const read = ['SUPABASE_URL', 'X_CLIENT_ID', 'DOCS_URL']
  const example = 'X_CLIENT_ID=\nOLD_NAME=1\n# a comment\n'
  expect(compareEnvNames(read, example, '`SUPABASE_URL` and `X_CLIENT_ID`')).toEqual([
    '.env.example lacks DOCS_URL',
    '.env.example has OLD_NAME, which nothing reads',
    'docs/configuration.md lacks DOCS_URL',
  ])
})

test('every function is configured, and every configured function exists', () => {
  const config = `
[functions.api]
entrypoint = "../functions/api/index.ts"
import_map = "../deno.json"
verify_jwt = false

[functions.gone]
verify_jwt = true
`
  expect(compareFunctionConfig(['api'], config)).toEqual([
    'config.toml: [functions.gone] has no folder functions/gone',
  ])
  expect(compareFunctionConfig(['api', 'gone', 'publish'], config)).toHaveLength(6)
})

test('two migrations never claim one version', () => {
  const [posts, media, verbs] = ['0600_posts', '0610_media', '0600_verbs'].map(
    (name) => `supabase/migrations/2026112200${name}.sql`,
  ) as [string, string, string]
  expect(findSharedVersions([posts, media])).toEqual([])
  expect(findSharedVersions([posts, media, verbs])).toEqual([
    `version 20261122000600 is claimed by ${posts} and ${verbs}`,
  ])
})

import { expect, test } from 'vitest'
import { importsOf } from '../../../scripts/check/imports.ts'
import { findViolations } from '../../../scripts/check/layering.ts'

const violations = (from: string, specifier: string) =>
  findViolations(importsOf(from, `import { x } from '${specifier}'\n`))

test.each([
  ['functions/api/app.ts', '../publish/app.ts'],
  ['functions/api/routes/posts.ts', '../../publish/app.ts'],
  ['shared/posts/create-post.ts', '../../functions/api/app.ts'],
  ['shared/posts/create-post.ts', '../../scripts/stack/start.ts'],
  ['shared/posts/create-post.ts', 'hono'],
  ['shared/posts/create-post.ts', '@hono/zod-validator'],
  ['shared/posts/create-post.ts', '../http/validate.ts'],
  ['shared/publishing/run-lane.ts', '../x/publish.ts'],
  ['shared/db/rpc.ts', '../posts/create-post.ts'],
  ['shared/crypto/encrypt.ts', '../deps.ts'],
  ['scripts/check.ts', '../tests/helpers/until.ts'],
  ['tests/e2e/chain.test.ts', '../../shared/deps.ts'],
])('%s may not import %s', (from, specifier) => {
  expect(violations(from, specifier)).toHaveLength(1)
})

test.each([
  ['functions/api/routes/posts.ts', '../app.ts'],
  ['functions/api/app.ts', 'hono'],
  ['functions/publish/app.ts', '../../shared/x/network.ts'],
  ['shared/posts/create-post.ts', '../http/problems.ts'],
  ['shared/posts/create-post.ts', '../db/rpc.ts'],
  ['shared/http/validate.ts', 'hono/validator'],
  ['shared/x/publish.ts', '../networks/network.ts'],
  ['shared/networks/network-of.ts', '../x/create-x.ts'],
  ['shared/networks/rules-of.ts', '../x/validate.ts'],
  ['tests/e2e/chain.test.ts', '../helpers/until.ts'],
])('%s may import %s', (from, specifier) => {
  expect(violations(from, specifier)).toEqual([])
})

test('sees type imports, dynamic imports and imports over several lines', () => {
  const source = `
import type { A } from './a.ts'
const b = await import('./b.ts')
export {
  c,
} from './c.ts'
import './d.ts'
`
  expect(importsOf('shared/x/e.ts', source)).toEqual([
    { from: 'shared/x/e.ts', to: 'shared/x/a.ts', line: 2 },
    { from: 'shared/x/e.ts', to: 'shared/x/b.ts', line: 3 },
    { from: 'shared/x/e.ts', to: 'shared/x/c.ts', line: 6 },
    { from: 'shared/x/e.ts', to: 'shared/x/d.ts', line: 7 },
  ])
})

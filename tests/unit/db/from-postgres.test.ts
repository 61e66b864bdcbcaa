import { expect, test } from 'vitest'
import { fromPostgres } from '../../../shared/db/from-postgres.ts'

const cases: [string, { code?: string; status?: number }, number, string][] = [
  ['a duplicate', { code: '23505' }, 409, 'conflict'],
  ['a missing right', { code: '42501' }, 403, 'forbidden'],
  ['a value out of range', { code: '22003' }, 422, 'invalid-value'],
  ['a broken rule', { code: '23514' }, 422, 'invalid-value'],
  ['a serialisation failure', { code: '40001' }, 503, 'unavailable'],
  ['a deadlock', { code: '40P01' }, 503, 'unavailable'],
  ['a lock that was not to be had', { code: '55P03' }, 503, 'unavailable'],
  ['a statement that took too long', { code: '57014' }, 503, 'unavailable'],
  ['a server that shuts down', { code: '57P01' }, 503, 'unavailable'],
  ['too many connections', { code: '53300' }, 503, 'unavailable'],
  ['no connection', { code: 'PGRST001' }, 503, 'unavailable'],
  ['no connection left in the pool', { code: 'PGRST003' }, 503, 'unavailable'],
  ['an expired token', { code: 'PGRST303' }, 401, 'unauthorized'],
  ['a token PostgREST does not take', { code: 'PGRST301' }, 401, 'unauthorized'],
  ['a function that is not there', { code: 'PGRST202', status: 404 }, 500, 'internal'],
  ['an answer that is no JSON', { status: 503 }, 503, 'unavailable'],
  ['anything else', { code: 'XX000' }, 500, 'internal'],
]

for (const [what, { code, status }, expected, slug] of cases) {
  test(`${what} is ${expected} ${slug}`, () => {
    const problem = fromPostgres({ ...(code ? { code } : {}), message: 'inner workings' }, status)
    expect(problem).toMatchObject({ status: expected, slug })
    expect(problem.detail).not.toContain('inner workings')
    expect(problem.cause).toBeDefined()
  })
}

test('a refusal of ours keeps its status, slug, sentence and remedy', () => {
  const problem = fromPostgres({
    code: 'PT409',
    message: 'already-published',
    details: 'The post is on X.',
    hint: 'Delete it there.',
  })
  expect(problem).toMatchObject({
    status: 409,
    slug: 'already-published',
    detail: 'The post is on X.',
    extra: { remedy: 'Delete it there.' },
  })
})

test('names the rule a value breaks', () => {
  const message =
    'new row for relation "posts_2026_11" violates check constraint "posts_metadata_within_8_kb"'
  expect(fromPostgres({ code: '23514', message }).detail).toContain('posts metadata within 8 kb')
})

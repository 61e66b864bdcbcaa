import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { parseEnv } from '../../../shared/env.ts'
import { createOnError } from '../../../shared/http/on-error.ts'
import { requireCron } from '../../../shared/http/require-cron.ts'
import { VARIABLES } from '../../helpers/fake-api.ts'

const CRON = 'sb_secret_cron'

const statusFor = async (headers: Record<string, string>, variables = {}) => {
  const env = parseEnv({ ...VARIABLES, ...variables })
  const app = new Hono()
    .onError(createOnError({ env, log: () => {} }))
    .post('/', requireCron({ env }), (c) => c.body(null, 204))
  return (await app.request('/', { method: 'POST', headers })).status
}

test('lets the key named cron through, every time', async () => {
  const env = parseEnv(VARIABLES)
  const app = new Hono().post('/', requireCron({ env }), (c) => c.body(null, 204))
  const ring = async () =>
    (await app.request('/', { method: 'POST', headers: { apikey: CRON } })).status
  expect(await Promise.all([ring(), ring(), ring()])).toEqual([204, 204, 204])
})

test.each([
  ['no key', {}],
  ['an empty key', { apikey: '' }],
  ['the default secret key', { apikey: 'sb_secret_default' }],
  ['the beginning of the key', { apikey: CRON.slice(0, -1) }],
  ['the key and more', { apikey: `${CRON}x` }],
  ['the key in another header', { authorization: `Bearer ${CRON}` }],
  ['the name of the key', { apikey: 'cron' }],
])('refuses %s', async (_, headers) => {
  expect(await statusFor(headers as Record<string, string>)).toBe(401)
})

test('lets nobody through when there is no such key, and blames the operator', async () => {
  const without = { SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default"}' }
  expect(await statusFor({ apikey: CRON }, without)).toBe(500)
  expect(await statusFor({ apikey: 'undefined' }, without)).toBe(500)
})

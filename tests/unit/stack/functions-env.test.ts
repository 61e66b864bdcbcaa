import { expect, test } from 'vitest'
import { functionsEnv, ownSettings } from '../../../scripts/stack/functions-env.ts'
import { EnvSchema } from '../../../shared/env.ts'

const keys = {
  signing: { kty: 'EC', kid: 'k' },
  publishable: 'sb_publishable_p',
  secret: 'sb_secret_s',
  cron: 'sb_secret_c',
  encryption: { k1: 'key' },
  storage: { accessKeyId: 'id', secretAccessKey: 'storage' },
}
const env = (own: Record<string, string>) =>
  functionsEnv({
    project: '/p',
    apiUrl: 'http://127.0.0.1:1',
    xUrl: 'http://127.0.0.1:3',
    keys,
    jwks: { keys: [] },
    own,
  })

test('points functions at the sandbox X by default', () => {
  expect(env({})).toMatchObject({
    X_API_URL: 'http://127.0.0.1:3',
    X_AUTHORIZE_URL: 'http://127.0.0.1:3/i/oauth2/authorize',
    X_TOKEN_URL: 'http://127.0.0.1:3/2/oauth2/token',
    X_CLIENT_ID: 'sandbox-client',
  })
})

test("never mixes an own app with the sandbox app's secret", () => {
  const own = env({ X_CLIENT_ID: 'mine', X_API_URL: 'https://api.x.com' })
  expect(own).toMatchObject({ X_CLIENT_ID: 'mine', X_API_URL: 'https://api.x.com' })
  expect(own).not.toHaveProperty('X_CLIENT_SECRET')
})

test('points functions at its own object storage, unless another one is named', () => {
  expect(env({})).toMatchObject({
    S3_ENDPOINT: 'http://127.0.0.1:1/storage/v1/s3',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'storage',
  })
  expect(env({ S3_ENDPOINT: 'https://s3.example' }).S3_ENDPOINT).toBe('https://s3.example')
})

test('hands over the named secret keys as the platform does', () => {
  expect(JSON.parse(env({}).SUPABASE_SECRET_KEYS ?? '')).toEqual({
    default: 'sb_secret_s',
    cron: 'sb_secret_c',
  })
})

test('hands over every setting the functions know, but for what the platform sets', () => {
  const names = Object.keys(EnvSchema.shape)
  const taken = Object.keys(ownSettings(Object.fromEntries(names.map((name) => [name, 'set']))))
  const platforms = ['SUPABASE_URL', 'SUPABASE_PUBLISHABLE_KEYS', 'SUPABASE_SECRET_KEYS']
  platforms.push('SUPABASE_JWKS', 'SB_REGION')
  expect(taken).toEqual(names.filter((name) => !platforms.includes(name)))
})

test('takes our own settings from a shell and nothing else', () => {
  expect(ownSettings({ X_CLIENT_ID: 'mine', DOCS_URL: '', HOME: '/root' })).toEqual({
    X_CLIENT_ID: 'mine',
  })
})

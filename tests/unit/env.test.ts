import { expect, test } from 'vitest'
import { parseEnv } from '../../shared/env.ts'
import { VARIABLES } from '../helpers/fake-api.ts'

test('reads what is set, and has the real X for the rest', () => {
  const env = parseEnv({
    ...VARIABLES,
    ALLOWED_ORIGINS: 'https://a.example, https://b.example:8443',
  })
  expect(env.ALLOWED_ORIGINS).toEqual(['https://a.example', 'https://b.example:8443'])
  expect(env.X_API_URL).toBe('https://api.x.com')
  expect([...env.ENCRYPTION_KEYS.keys()]).toEqual(['k1'])
  expect(env.WEBHOOK_PRIVATE_HOSTS).toEqual([])
})

test('takes an empty optional setting as absent', () => {
  const env = parseEnv({ ...VARIABLES, X_CLIENT_SECRET: '', DOCS_URL: '', X_API_URL: '' })
  expect(env.X_CLIENT_SECRET).toBeUndefined()
  expect(env.DOCS_URL).toBeUndefined()
  expect(env.X_API_URL).toBe('https://api.x.com')
})

test('names everything that is missing, in one message', () => {
  expect(() => parseEnv({})).toThrow(/SUPABASE_URL is missing\n(.+\n)*ENCRYPTION_KEYS is missing/)
})

const wrong: [string, string][] = [
  // The load balancer of a project with replicas: what a replica says must decide nothing.
  ['SUPABASE_URL', 'https://abc-all.supabase.co'],
  ['SUPABASE_SECRET_KEYS', '{"cron":"only"}'],
  ['SUPABASE_JWKS', 'not json'],
  ['ENCRYPTION_KEYS', '{"k1":"c2hvcnQ="}'],
  ['ALLOWED_ORIGINS', '*'],
  ['ALLOWED_ORIGINS', 'https://app.example.com/path'],
  ['X_API_URL', 'api.x.com'],
]

for (const [name, value] of wrong) {
  test(`refuses ${name}=${value}, naming it`, () => {
    expect(() => parseEnv({ ...VARIABLES, [name]: value })).toThrow(name)
  })
}

test('refuses a hook for e-mails without the secret that signs them', () => {
  const hook = { ...VARIABLES, EMAIL_HOOK_URL: 'https://hook.example/send' }
  expect(() => parseEnv(hook)).toThrow('EMAIL_HOOK_SECRET is missing')
  expect(() => parseEnv({ ...hook, EMAIL_HOOK_SECRET: ' ' })).toThrow(
    'EMAIL_HOOK_SECRET: must be set along with EMAIL_HOOK_URL',
  )
  expect(parseEnv({ ...hook, EMAIL_HOOK_SECRET: `whsec_${btoa('s'.repeat(32))}` })).toMatchObject({
    EMAIL_HOOK_URL: 'https://hook.example/send',
  })
})

import { expect, test } from 'vitest'
import { callerOf } from '../../../scripts/stack/api-keys.ts'

const keys = { publishable: 'sb_publishable_p', secret: 'sb_secret_s', cron: 'sb_secret_c' }
const caller = (headers: Record<string, string>, url = '/posts') => callerOf(headers, url, keys)

test.each([
  ['sb_publishable_p', 'anon'],
  ['sb_secret_s', 'service_role'],
  ['sb_secret_c', 'service_role'],
])('%s is the role %s', (apikey, role) => {
  expect(caller({ apikey })).toEqual({ kind: 'role', role })
})

test('takes the key from the query too, as browsers opening a socket must', () => {
  expect(caller({}, '/posts?select=id&apikey=sb_publishable_p')).toMatchObject({ role: 'anon' })
})

test('a key repeated as bearer is the key', () => {
  const headers = { apikey: 'sb_secret_s', authorization: 'Bearer sb_secret_s' }
  expect(caller(headers)).toEqual({ kind: 'role', role: 'service_role' })
})

test("a user's token wins over the key's role", () => {
  const headers = { apikey: 'sb_publishable_p', authorization: 'Bearer a.b.c' }
  expect(caller(headers)).toEqual({ kind: 'token' })
})

test.each([
  ['no key', {}, 'No API key found in request'],
  ['an unknown key', { apikey: 'sb_secret_x' }, 'Invalid API key'],
  ['a token as key', { apikey: 'a.b.c' }, 'Invalid API key'],
  [
    'another key as bearer',
    { apikey: 'sb_publishable_p', authorization: 'Bearer sb_secret_s' },
    'Invalid authorization header',
  ],
  [
    'another scheme',
    { apikey: 'sb_publishable_p', authorization: 'Basic eDp5' },
    'Invalid authorization header',
  ],
  [
    'a secret key in a browser',
    { apikey: 'sb_secret_s', 'user-agent': 'Mozilla/5.0 (X11)' },
    'Forbidden use of secret API key in browser',
  ],
])('refuses %s instead of downgrading it', (_case, headers, message) => {
  expect(caller(headers)).toMatchObject({ kind: 'refused', message })
})

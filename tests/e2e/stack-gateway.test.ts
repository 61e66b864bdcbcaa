import { expect, inject, test } from 'vitest'

const call = (path: string, init: RequestInit = {}) => fetch(inject('stack').api_url + path, init)
const withKey = (headers: Record<string, string> = {}) => ({
  headers: { apikey: inject('stack').publishable_key, ...headers },
})

test.each(['/rest/v1/users', '/auth/v1/user'])('%s refuses a call without a key', async (path) => {
  const response = await call(path)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ message: 'No API key found in request' })
})

test.each(['/rest/v1/users', '/auth/v1/user'])('%s refuses an unknown key', async (path) => {
  const response = await call(path, { headers: { apikey: 'sb_publishable_unknown' } })
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ message: 'Invalid API key' })
})

test('a forged user token is refused and not read as anonymous', async () => {
  const header = Buffer.from('{"alg":"none"}').toString('base64url')
  const claims = Buffer.from('{"role":"service_role"}').toString('base64url')
  const response = await call(
    '/rest/v1/users',
    withKey({ authorization: `Bearer ${header}.${claims}.` }),
  )
  expect(response.status).toBe(401)
})

test('the secret key is service_role, in the query as well', async () => {
  const { secret_key } = inject('stack')
  const response = await call(`/rest/v1/users?select=id&limit=1&apikey=${secret_key}`)
  expect(response.status).toBe(200)
})

test('any origin may call REST and Auth, and read the answer', async () => {
  const preflight = await call('/rest/v1/users', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'apikey, x-client-info',
    },
  })
  expect(preflight.status).toBe(200)
  expect(preflight.headers.get('access-control-allow-headers')).toBe('apikey, x-client-info')
  for (const path of ['/rest/v1/users', '/auth/v1/settings']) {
    const response = await call(path, withKey({ origin: 'https://app.example.com' }))
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  }
})

test('publishes the key that verifies user tokens without asking for one', async () => {
  const response = await call('/auth/v1/.well-known/jwks.json')
  expect(await response.json()).toEqual(inject('stack').jwks)
})

test.each(['/', '/storage/v1/object', '/rest/v12/x'])('%s leads nowhere', async (path) => {
  expect((await call(path)).status).toBe(404)
})

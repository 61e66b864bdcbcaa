import { expect, inject, test } from 'vitest'
import { asSuperuser, newAccount, newClient, PASSWORD } from '../helpers/accounts.ts'

const call = async (method: string, path: string, body?: unknown, headers: object = {}) => {
  const { api_url, publishable_key: apikey } = inject('stack')
  const response = await fetch(`${api_url}/auth/v1${path}`, {
    method,
    headers: { apikey, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

test('answers a wrong password and an unknown address alike', async () => {
  const { email } = await newAccount()
  const wrong = await newClient().auth.signInWithPassword({ email, password: 'wrong' })
  const unknown = await newClient().auth.signInWithPassword({
    email: 'nobody@example.com',
    password: PASSWORD,
  })
  const refused = { status: 400, code: 'invalid_credentials', message: 'Invalid login credentials' }
  expect(wrong.error).toMatchObject(refused)
  expect(unknown.error).toMatchObject(refused)
})

test('refuses a second account for one address, whatever its case', async () => {
  const { email } = await newAccount()
  const again = await newClient().auth.signUp({ email: email.toUpperCase(), password: PASSWORD })
  expect(again.error).toMatchObject({ status: 422, code: 'user_already_exists' })
})

test('lets a page of another origin read which version of errors it got', async () => {
  const { api_url, publishable_key: apikey } = inject('stack')
  const response = await fetch(`${api_url}/auth/v1/user`, {
    headers: { apikey, origin: 'https://app.example', 'x-supabase-api-version': '2024-01-01' },
  })
  expect(response.headers.get('x-supabase-api-version')).toBe('2024-01-01')
  const exposed = response.headers.get('access-control-expose-headers') ?? ''
  expect(exposed.toLowerCase()).toContain('x-supabase-api-version')
  expect(await response.json()).toMatchObject({ code: 'no_authorization' })
})

test('names what is weak about a password', async () => {
  const { error } = await newClient().auth.signUp({ email: 'weak@example.com', password: 'abc' })
  expect(error).toMatchObject({ status: 422, code: 'weak_password', reasons: ['length'] })
  const rows = await asSuperuser("select from auth.users where email = 'weak@example.com'")
  expect(rows).toHaveLength(0)
})

const requests: [string, string, unknown, number, string][] = [
  ['POST', '/signup', '{', 400, 'bad_json'],
  ['POST', '/signup', { email: 'no address', password: PASSWORD }, 400, 'validation_failed'],
  ['POST', '/signup', { email: 'a@example.com' }, 400, 'validation_failed'],
  ['POST', '/signup', {}, 422, 'anonymous_provider_disabled'],
  [
    'POST',
    '/signup',
    { email: 'a@example.com', password: 'x'.repeat(73) },
    400,
    'validation_failed',
  ],
  ['POST', '/token?grant_type=password', { password: 'x' }, 400, 'validation_failed'],
  ['POST', '/token?grant_type=refresh_token', {}, 400, 'validation_failed'],
  [
    'POST',
    '/token?grant_type=refresh_token',
    { refresh_token: 'x' },
    400,
    'refresh_token_not_found',
  ],
  ['POST', '/token?grant_type=other', {}, 400, 'invalid_credentials'],
  ['GET', '/user', undefined, 401, 'no_authorization'],
  ['POST', '/logout', undefined, 401, 'no_authorization'],
]

test.each(requests)('%s %s with %j is refused', async (method, path, body, status, code) => {
  const answer = await call(method, path, body)
  expect(answer).toMatchObject({ status, body: { code: status, error_code: code } })
})

test('refuses a forged, a foreign and an orphaned token', async () => {
  const { accessToken, client, id } = await newAccount()
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const [head, , signature] = accessToken.split('.')
  const claims = Buffer.from(JSON.stringify({ sub: id, role: 'authenticated', exp: 9e9 }))
  const forged = `${head}.${claims.toString('base64url')}.${signature}`
  for (const token of [forged, 'nonsense']) {
    const refused = await call('GET', '/user', undefined, bearer(token))
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'bad_jwt' } })
  }
  await client.auth.signOut()
  const signedOut = await call('GET', '/user', undefined, bearer(accessToken))
  expect(signedOut).toMatchObject({ status: 403, body: { error_code: 'session_not_found' } })
  await asSuperuser('delete from auth.users where id = $1', [id])
  const deleted = await call('GET', '/user', undefined, bearer(accessToken))
  expect(deleted).toMatchObject({ status: 403, body: { error_code: 'user_not_found' } })
})

test('lets only the secret key make, read and delete users', async () => {
  const admin = newClient(inject('stack').secret_key)
  const { data, error } = await admin.auth.admin.createUser({
    email: 'made@example.com',
    password: PASSWORD,
    email_confirm: true,
    user_metadata: { name: 'Made' },
  })
  expect(error).toBeNull()
  const id = data.user?.id ?? ''
  expect((await admin.auth.admin.getUserById(id)).data.user?.user_metadata.name).toBe('Made')

  const { client } = await newAccount()
  for (const outsider of [newClient(), client]) {
    expect((await outsider.auth.admin.getUserById(id)).error?.status).toBeGreaterThanOrEqual(401)
    expect((await outsider.auth.admin.deleteUser(id)).error?.status).toBeGreaterThanOrEqual(401)
  }
  expect((await admin.auth.admin.deleteUser(id)).error).toBeNull()
  expect((await admin.auth.admin.getUserById(id)).error).toMatchObject({ code: 'user_not_found' })
})

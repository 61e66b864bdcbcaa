import { verifyAuth } from '@supabase/server/core'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, inject, test } from 'vitest'
import { asSuperuser, newAccount, newClient, PASSWORD } from '../helpers/accounts.ts'

const authUrl = () => `${inject('stack').api_url}/auth/v1`
const refresh = (refresh_token: string) => newClient().auth.refreshSession({ refresh_token })

const age = (token: string) =>
  asSuperuser(
    `update auth.refresh_tokens set updated_at = updated_at - interval '11 seconds'
     where token = $1`,
    [token],
  )

const refreshed = async (token: string) => {
  const { data, error } = await refresh(token)
  if (error || !data.session) throw error ?? new Error('no session')
  return data.session.refresh_token
}

test('signs up, in and out, and shows the same user everywhere', async () => {
  const { client, id, email } = await newAccount('Ada.Lovelace+e2e@Example.com')
  expect(email.toLowerCase()).toBe('ada.lovelace+e2e@example.com')
  const { data } = await client.auth.getUser()
  expect(data.user).toMatchObject({ id, email: email.toLowerCase(), role: 'authenticated' })
  expect((await client.auth.signOut()).error).toBeNull()

  const again = await newClient().auth.signInWithPassword({ email, password: PASSWORD })
  expect(again.data.user).toMatchObject({ id, app_metadata: { provider: 'email' } })
  expect(again.data.session?.expires_in).toBe(3600)
})

test('signs tokens that carry the claims of hosted Auth and verify against the published keys', async () => {
  const { accessToken, id, email, client } = await newAccount()
  const jwks = await (await fetch(`${authUrl()}/.well-known/jwks.json`)).json()
  const { payload, protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(jwks), {
    issuer: authUrl(),
    audience: 'authenticated',
  })
  expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: jwks.keys[0].kid })
  const claims = { sub: id, email, role: 'authenticated', aal: 'aal1', is_anonymous: false }
  expect(payload).toMatchObject({ ...claims, amr: [{ method: 'password' }] })
  expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
  expect((await client.auth.getClaims()).data?.claims.sub).toBe(id)
})

test('is taken for a user by @supabase/server', async () => {
  const { api_url: url, publishable_key, secret_key, jwks } = inject('stack')
  const { accessToken, id, email } = await newAccount()
  const request = new Request(url, { headers: { authorization: `Bearer ${accessToken}` } })
  const { data, error } = await verifyAuth(request, {
    auth: 'user',
    issuer: authUrl(),
    env: {
      url,
      publishableKeys: { default: publishable_key },
      secretKeys: { default: secret_key },
      jwks,
    },
  })
  expect(error).toBeNull()
  expect(data?.userClaims).toMatchObject({ id, email, role: 'authenticated' })
})

test('keeps passwords as bcrypt and nothing else', async () => {
  const { id } = await newAccount()
  const [row] = await asSuperuser<{ encrypted_password: string }>(
    'select encrypted_password from auth.users where id = $1',
    [id],
  )
  expect(row?.encrypted_password).toMatch(/^\$2[ab]\$10\$.{53}$/)
})

test('gives a spent token its successor once more, as long as that one is unspent', async () => {
  const { refreshToken } = await newAccount()
  const next = await refreshed(refreshToken)
  await age(refreshToken)
  expect(next).not.toBe(refreshToken)
  expect(await refreshed(refreshToken)).toBe(next)
})

test('revokes the whole family when an older spent token comes back late', async () => {
  const { refreshToken: first } = await newAccount()
  const second = await refreshed(first)
  const third = await refreshed(second)
  await age(first)
  const reused = await refresh(first)
  expect(reused.error).toMatchObject({ status: 400, code: 'refresh_token_already_used' })
  expect((await refresh(third)).error).toMatchObject({ code: 'refresh_token_already_used' })
})

test('forgives an older spent token within ten seconds', async () => {
  const { refreshToken: first } = await newAccount()
  await refreshed(await refreshed(first))
  expect(await refreshed(first)).toBeTruthy()
})

test('rotates once when two tabs refresh at the same moment', async () => {
  const { refreshToken } = await newAccount()
  const both = await Promise.all([refreshed(refreshToken), refreshed(refreshToken)])
  expect(both[0]).toBe(both[1])
})

test('ends one session, the others or all of them', async () => {
  const { email, client: first } = await newAccount()
  const signIn = async () => {
    const client = newClient()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    return client
  }
  const [second, third] = [await signIn(), await signIn()]
  await second.auth.signOut({ scope: 'local' })
  expect((await third.auth.getUser()).error).toBeNull()
  await third.auth.signOut({ scope: 'others' })
  expect((await first.auth.getUser()).error).toMatchObject({ name: 'AuthSessionMissingError' })
  expect((await third.auth.getUser()).error).toBeNull()
  const token = (await third.auth.getSession()).data.session?.refresh_token ?? ''
  await third.auth.signOut({ scope: 'global' })
  expect((await refresh(token)).error).toMatchObject({ code: 'refresh_token_not_found' })
})

test('changes a password, which ends every other session', async () => {
  const { email, client } = await newAccount()
  const other = newClient()
  await other.auth.signInWithPassword({ email, password: PASSWORD })
  const same = await client.auth.updateUser({ password: PASSWORD })
  expect(same.error).toMatchObject({ status: 422, code: 'same_password' })
  const changed = await client.auth.updateUser({ password: 'another one', data: { theme: 'dark' } })
  expect(changed.data.user?.user_metadata).toMatchObject({ theme: 'dark' })
  expect((await other.auth.getUser()).error).toMatchObject({ name: 'AuthSessionMissingError' })
  const old = await newClient().auth.signInWithPassword({ email, password: PASSWORD })
  expect(old.error).toMatchObject({ code: 'invalid_credentials' })
})

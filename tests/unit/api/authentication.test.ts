import { expect, test } from 'vitest'
import { fakeApi, token } from '../../helpers/fake-api.ts'

const bad = {
  'no token': null,
  'a token signed by somebody else': await token({}, { forged: true }),
  'an expired token': await token({}, { expired: true }),
  'a token of the anon role': await token({ role: 'anon' }),
  'a token of the service role': await token({ role: 'service_role' }),
  'no token at all but text': 'hello',
  'an API key in place of a token': 'sb_secret_default',
}

for (const [what, as] of Object.entries(bad)) {
  test(`answers 401 to ${what}, and asks the database nothing`, async () => {
    const { call, calls } = fakeApi()
    const { status, headers, body } = await call('GET', '/me', { as })

    expect(status).toBe(401)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(headers.get('www-authenticate')).toContain('Bearer')
    expect(body).toMatchObject({ status: 401, title: 'Not signed in' })
    expect(calls).toEqual([])
  })
}

test('never falls back to the publishable key when the token beside it is bad', async () => {
  const { call, calls } = fakeApi()
  const forged = await token({}, { forged: true })
  const headers = { apikey: 'sb_publishable_test' }

  expect((await call('GET', '/posts', { as: forged, headers })).status).toBe(401)
  expect((await call('GET', '/posts', { as: null, headers })).status).toBe(401)
  expect(calls).toEqual([])
})

test('calls the database as the caller, with the token they sent', async () => {
  const mine = await token()
  const { call, calls } = fakeApi({ 'rpc/list_posts': () => [] })

  expect((await call('GET', '/posts', { as: mine })).status).toBe(200)
  expect(calls[0]).toMatchObject({ name: 'rpc/list_posts', authorization: `Bearer ${mine}` })
})

test('needs no token for health, the document and a preflight', async () => {
  const { call } = fakeApi()
  expect((await call('GET', '/health', { as: null })).body).toEqual({ status: 'ok' })
  expect((await call('GET', '/openapi.json', { as: null })).status).toBe(200)
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
  expect((await call('OPTIONS', '/posts', { as: null, headers })).status).toBe(204)
})

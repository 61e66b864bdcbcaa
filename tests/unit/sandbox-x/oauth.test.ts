import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenSandbox, openSandbox } from '../../helpers/open-sandbox.ts'

const callback = 'http://localhost:9999/functions/v1/api/accounts/callback'
let sandbox: OpenSandbox
beforeAll(async () => {
  sandbox = await openSandbox()
})
afterAll(() => sandbox.close())

const parameters = {
  response_type: 'code',
  client_id: 'sandbox-client',
  redirect_uri: callback,
  scope: 'tweet.read offline.access',
  state: 'a "state"',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
}

const open = (changes: Record<string, string | undefined> = {}) => {
  const url = new URL('/i/oauth2/authorize', sandbox.url())
  for (const [name, value] of Object.entries({ ...parameters, ...changes })) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return fetch(url, { redirect: 'manual' })
}

const token = async (form: Record<string, string>, authorization?: string) => {
  const response = await fetch(`${sandbox.url()}/2/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    ...(authorization ? { headers: { authorization } } : {}),
  })
  return { status: response.status, body: (await response.json()) as { error?: string } }
}

describe('the authorize page', () => {
  it('offers every user and a way out, all of which lead back to the app', async () => {
    const response = await open()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/html')
    const links = [...(await response.text()).matchAll(/<a href="([^"]+)"/g)]
    const targets = links.map(
      ([, href = '']) => new URL(href.replaceAll('&amp;', '&'), sandbox.url()),
    )
    expect(targets).toHaveLength(4)
    for (const target of targets) {
      const back = await fetch(target, { redirect: 'manual' })
      const location = new URL(back.headers.get('location') ?? '')
      expect(location.origin + location.pathname).toBe(callback)
      expect(location.searchParams.get('state')).toBe('a "state"')
    }
  })

  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['a foreign address to return to', { redirect_uri: 'https://evil.example/callback' }],
    ['another path of this machine', { redirect_uri: 'http://localhost:9999/elsewhere' }],
    ['no challenge', { code_challenge: undefined }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['no state', { state: undefined }],
    ['no scope', { scope: undefined }],
    ['another response type', { response_type: 'token' }],
    ['an unknown user', { sandbox_user: 'nobody' }],
  ])('never sends anybody back for %s', async (_name, changes) => {
    const response = await open(changes)
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
  })

  it('shows what it was sent only as text', async () => {
    const page = await (await open({ client_id: '<script>' })).text()
    expect(page).not.toContain('<script>')
  })
})

describe('the token endpoint', () => {
  const basic = `Basic ${btoa('sandbox-client:sandbox-secret')}`

  it.each([
    [
      'no credentials',
      { client_id: 'sandbox-client', grant_type: 'refresh_token' },
      undefined,
      401,
      'unauthorized_client',
    ],
    [
      'an unknown client',
      { client_id: 'nobody', grant_type: 'refresh_token' },
      undefined,
      400,
      'invalid_request',
    ],
    [
      'an unknown code',
      { grant_type: 'authorization_code', code: 'x' },
      basic,
      400,
      'invalid_request',
    ],
    [
      'an unknown refresh token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      basic,
      400,
      'invalid_request',
    ],
    ['another grant', { grant_type: 'password' }, basic, 400, 'unsupported_grant_type'],
  ])('answers %s as X does', async (_name, form, authorization, status, error) => {
    expect(await token(form as Record<string, string>, authorization)).toMatchObject({
      status,
      body: { error },
    })
  })

  it('gives no refresh token without offline access', async () => {
    const pair = await sandbox.set('tokens', { username: 'demo', scope: 'tweet.read' })
    expect(pair).not.toHaveProperty('refresh_token')
  })

  it('lets access tokens expire after two hours', async () => {
    const { access_token } = await sandbox.token('demo')
    const me = () =>
      fetch(`${sandbox.url()}/2/users/me`, { headers: { authorization: `Bearer ${access_token}` } })
    await sandbox.set('clock', { offset_ms: 7_199_000 })
    expect((await me()).status).toBe(200)
    await sandbox.set('clock', { offset_ms: 7_200_000 })
    expect((await me()).status).toBe(401)
    await sandbox.set('clock', { offset_ms: 0 })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tokens } from '../../../shared/networks/network.ts'
import { createX } from '../../../shared/x/create-x.ts'
import { type OpenSandbox, openSandbox } from '../../helpers/open-sandbox.ts'

const redirectUri = 'http://127.0.0.1:54321/functions/v1/api/accounts/callback'
const verifier = 'a-verifier-of-at-least-forty-three-characters-long'
const state = 'state-of-this-browser'

let sandbox: OpenSandbox
beforeAll(async () => {
  sandbox = await openSandbox()
})
afterAll(() => sandbox.close())

/** Presses a button of the authorize page and gives back the callback's parameters. */
const consent = async (button: string): Promise<URLSearchParams> => {
  const page = await sandbox.client().connect({ redirectUri, state, verifier })
  const response = await fetch(`${page}&${button}`, { redirect: 'manual' })
  expect(response.status).toBe(302)
  return new URL(response.headers.get('location') ?? '').searchParams
}

const exchange = (callback: URLSearchParams, changes = {}) =>
  sandbox.client().exchange({ callback, redirectUri, state, verifier, ...changes })

const connect = async (username: string): Promise<Tokens> => {
  const result = await exchange(await consent(`sandbox_user=${username}`))
  if (result.kind !== 'granted') throw new Error(result.detail)
  return result.tokens
}

describe('connecting an account', () => {
  it('gives tokens of the user who agreed, for two hours', async () => {
    const tokens = await connect('alice')
    expect(tokens.refreshToken).toEqual(expect.any(String))
    expect(tokens.scope.split(' ')).toContain('offline.access')
    const hours = (tokens.expiresAt.getTime() - Date.now()) / 3_600_000
    expect(hours).toBeCloseTo(2, 2)
    const me = await sandbox.client().me(tokens.accessToken)
    expect(me).toMatchObject({ kind: 'profile', profile: { username: 'alice', lengthLimit: 280 } })
  })

  it('tells that the user refused', async () => {
    const result = await exchange(await consent('sandbox_deny=true'))
    expect(result).toMatchObject({ kind: 'refused', slug: 'access-denied', who: 'account' })
  })

  it('refuses a callback with a foreign state', async () => {
    const callback = await consent('sandbox_user=alice')
    expect(await exchange(callback, { state: 'another' })).toMatchObject({ kind: 'refused' })
  })

  it('refuses a wrong verifier', async () => {
    const callback = await consent('sandbox_user=alice')
    const other = 'b-verifier-of-at-least-forty-three-characters-long'
    expect(await exchange(callback, { verifier: other })).toMatchObject({ slug: 'grant-refused' })
  })

  it('refuses a second use of a code', async () => {
    const callback = await consent('sandbox_user=alice')
    expect(await exchange(callback)).toMatchObject({ kind: 'granted' })
    expect(await exchange(callback)).toMatchObject({ kind: 'refused', slug: 'grant-refused' })
  })

  it('refuses a code after 30 seconds', async () => {
    const callback = await consent('sandbox_user=alice')
    await sandbox.set('clock', { offset_ms: 30_000 })
    const result = await exchange(callback)
    await sandbox.set('clock', { offset_ms: 0 })
    expect(result).toMatchObject({ kind: 'refused', slug: 'grant-refused' })
  })

  it('blames the app for a wrong client secret', async () => {
    const callback = await consent('sandbox_user=alice')
    const wrong = createX({
      apiUrl: sandbox.url(),
      authorizeUrl: `${sandbox.url()}/i/oauth2/authorize`,
      tokenUrl: `${sandbox.url()}/2/oauth2/token`,
      clientId: 'sandbox-client',
      clientSecret: 'wrong',
      fetch,
      now: () => new Date(),
    })
    const result = await wrong.exchange({ callback, redirectUri, state, verifier })
    expect(result).toMatchObject({ kind: 'app_blocked', slug: 'client-refused', who: 'app' })
  })

  it('sends the id and secret of the app as X gave them out, nothing escaped', async () => {
    const app = { clientId: 'aB-c_D.e~1', clientSecret: 'x-Y_z'.repeat(10) }
    await sandbox.set('apps', {
      client_id: app.clientId,
      client_secret: app.clientSecret,
      redirect_uris: [redirectUri],
    })
    let sent: string | null = null
    const x = createX({
      apiUrl: sandbox.url(),
      authorizeUrl: `${sandbox.url()}/i/oauth2/authorize`,
      tokenUrl: `${sandbox.url()}/2/oauth2/token`,
      ...app,
      fetch: (input, init) => {
        sent = new Headers(init?.headers).get('authorization')
        return fetch(input, init)
      },
      now: () => new Date(),
    })
    const page = await x.connect({ redirectUri, state, verifier })
    const response = await fetch(`${page}&sandbox_user=bob`, { redirect: 'manual' })
    const callback = new URL(response.headers.get('location') ?? '').searchParams
    const result = await x.exchange({ callback, redirectUri, state, verifier })
    expect(result).toMatchObject({ kind: 'granted' })
    expect(sent).toBe(`Basic ${btoa(`${app.clientId}:${app.clientSecret}`)}`)
  })

  it('works for a public client', async () => {
    await sandbox.set('apps', { client_id: 'public', redirect_uris: [redirectUri] })
    const x = createX({
      apiUrl: sandbox.url(),
      authorizeUrl: `${sandbox.url()}/i/oauth2/authorize`,
      tokenUrl: `${sandbox.url()}/2/oauth2/token`,
      clientId: 'public',
      fetch,
      now: () => new Date(),
    })
    const page = await x.connect({ redirectUri, state, verifier })
    const response = await fetch(`${page}&sandbox_user=bob`, { redirect: 'manual' })
    const callback = new URL(response.headers.get('location') ?? '').searchParams
    const result = await x.exchange({ callback, redirectUri, state, verifier })
    expect(result).toMatchObject({ kind: 'granted' })
  })
})

describe('refreshing', () => {
  it('rotates the pair', async () => {
    const old = await connect('bob')
    const result = await sandbox.client().refresh(old.refreshToken ?? '')
    if (result.kind !== 'granted') throw new Error(result.detail)
    expect(result.tokens.refreshToken).not.toBe(old.refreshToken)
    expect(await sandbox.client().me(result.tokens.accessToken)).toMatchObject({ kind: 'profile' })
  })

  it('ends the whole family when a spent token is used again', async () => {
    const old = await connect('bob')
    const fresh = await sandbox.client().refresh(old.refreshToken ?? '')
    if (fresh.kind !== 'granted') throw new Error(fresh.detail)
    const reuse = await sandbox.client().refresh(old.refreshToken ?? '')
    expect(reuse).toMatchObject({ kind: 'refused', slug: 'grant-refused' })
    expect(await sandbox.client().me(fresh.tokens.accessToken)).toMatchObject({ kind: 'reauth' })
    const next = await sandbox.client().refresh(fresh.tokens.refreshToken ?? '')
    expect(next).toMatchObject({ kind: 'refused', slug: 'grant-refused' })
  })

  it('does not know what happened when the answer is lost', async () => {
    const { refreshToken } = await connect('bob')
    await sandbox.set('faults', {
      match: { path: '/2/oauth2/token', username: 'bob' },
      kind: 'reset_after',
      times: 1,
    })
    const lost = await sandbox.client().refresh(refreshToken ?? '')
    expect(lost).toMatchObject({ kind: 'unknown', slug: 'connection-lost' })
    expect(lost).not.toMatchObject({ remedy: expect.stringContaining('timeline') })
    expect(await sandbox.client().refresh(refreshToken ?? '')).toMatchObject({ kind: 'refused' })
  })

  it('takes an outage for an outage, not for a refusal', async () => {
    const { refreshToken } = await connect('bob')
    await sandbox.set('faults', { match: { path: '/2/oauth2/token' }, kind: '503', times: 1 })
    expect(await sandbox.client().refresh(refreshToken ?? '')).toMatchObject({ kind: 'unknown' })
    expect(await sandbox.client().refresh(refreshToken ?? '')).toMatchObject({ kind: 'granted' })
  })
})

describe('revoking', () => {
  it('ends the access of the whole pair', async () => {
    const { accessToken, refreshToken } = await connect('alice')
    expect(await sandbox.client().revoke(refreshToken ?? '')).toMatchObject({ kind: 'revoked' })
    expect(await sandbox.client().me(accessToken)).toMatchObject({ kind: 'reauth' })
  })
})

it('never speaks http to anything but this machine', async () => {
  const x = createX({
    apiUrl: 'http://x.example',
    authorizeUrl: 'http://x.example/authorize',
    tokenUrl: 'http://x.example/2/oauth2/token',
    clientId: 'id',
    fetch: () => {
      throw new Error('must not be called')
    },
    now: () => new Date(),
  })
  const refused = await x.refresh('token')
  expect(refused).toMatchObject({ kind: 'refused', detail: expect.stringContaining('HTTPS') })
})

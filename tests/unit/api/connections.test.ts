import { expect, test } from 'vitest'
import { openTokens } from '../../../shared/accounts/token-envelope.ts'
import { sha256 } from '../../../shared/crypto/sha256.ts'
import type { Answered, Network } from '../../../shared/networks/network.ts'
import type { Failure } from '../../../shared/networks/outcome.ts'
import { type FakeDatabase, fakeApi, refused, USER } from '../../helpers/fake-api.ts'
import { ACCOUNT, WORKSPACE } from '../../helpers/samples.ts'

const returnTo = 'https://app.example.com/done?tab=2'
const granted: Partial<Network> = {
  exchange: async () => ({
    kind: 'granted',
    rates: [],
    tokens: {
      accessToken: 'the-access-token',
      refreshToken: 'the-refresh-token',
      scope: 'tweet.read tweet.write',
      expiresAt: new Date('2026-11-22T14:00:00Z'),
    },
  }),
  me: async () => ({
    kind: 'profile',
    rates: [],
    profile: { remoteUserId: '42', username: 'someone', name: 'Some One', lengthLimit: 280 },
  }),
}

/** A database that keeps one connection attempt, which works once. */
const attempts = (effects: FakeDatabase = {}) => {
  let state: Record<string, unknown> | null = null
  const database: FakeDatabase = {
    workspaces: () => [{ id: WORKSPACE }],
    'rpc/start_connection': (args) => {
      state = {
        state_hash: args.p_state_hash,
        workspace_id: args.p_workspace_id,
        user_id: USER,
        x_app_id: ACCOUNT,
        encrypted_verifier: args.p_encrypted_verifier,
        return_to: args.p_return_to,
      }
      return { workspace_id: args.p_workspace_id, expires_in_seconds: 600 }
    },
    'service.take_oauth_state': ({ p_state_hash }) => {
      const taken = state?.state_hash === p_state_hash ? state : null
      if (taken) state = null
      return taken
    },
    'service.reserve_account_id': () => ACCOUNT,
    'service.connect_account': () => ({ account_id: ACCOUNT }),
    ...effects,
  }
  return database
}

const start = async (api: ReturnType<typeof fakeApi>, body: object = { return_to: returnTo }) => {
  const { status, body: answer } = await api.call('POST', '/accounts/connect', { body })
  expect(status).toBe(200)
  return new URL(answer.authorize_url).searchParams
}

const callback = (api: ReturnType<typeof fakeApi>, state: string | null) =>
  api.call('GET', `/accounts/callback?state=${state}&code=the-code`, { as: null })

test('sends people to X with a challenge, and keeps neither state nor verifier in clear', async () => {
  const api = fakeApi(attempts())
  const query = await start(api)
  expect(query.get('code_challenge_method')).toBe('S256')
  expect(query.get('redirect_uri')).toBe(
    'https://project.example.com/functions/v1/api/accounts/callback',
  )
  const args = api.calls.at(-1)?.args ?? {}
  expect(args.p_state_hash).toBe(await sha256(query.get('state') ?? ''))
  expect(args.p_encrypted_verifier).toMatch(/^v1\.k1\./)
  expect(args.p_workspace_id).toBe(WORKSPACE)
})

test('returns only to origins that are allowed', async () => {
  const { call, calls } = fakeApi(attempts())
  for (const return_to of [
    'https://evil.example/',
    'https://app.example.com.evil.example/',
    'javascript:alert(1)',
    'nowhere',
  ]) {
    const { status, body } = await call('POST', '/accounts/connect', { body: { return_to } })
    expect([status, body.errors[0].pointer]).toEqual([422, '/return_to'])
  }
  expect(calls).toEqual([])
})

test.each(['https://evil.example/', 'javascript:alert(1)', 'nowhere'])(
  'never sends a browser to %s, though a state that was written past the API says so',
  async (page) => {
    const forged = { workspace_id: WORKSPACE, encrypted_verifier: 'v1.forged', return_to: page }
    const api = fakeApi(attempts({ 'service.take_oauth_state': () => forged }), granted)
    const { status, headers, body } = await callback(api, 'forged')
    expect([status, headers.get('location')]).toEqual([200, null])
    expect(body).toEqual({ error: 'internal' })
  },
)

test('connects the account, its tokens sealed for it and for nowhere else', async () => {
  const api = fakeApi(attempts(), granted)
  const { status, headers } = await callback(api, (await start(api)).get('state'))
  expect(status).toBe(302)
  expect(headers.get('location')).toBe(`${returnTo}&account_id=${ACCOUNT}`)

  const stored = api.calls.find(({ name }) => name === 'service.connect_account')?.args
    .p_account as {
    encrypted_tokens: string
  }
  expect(JSON.stringify(stored)).not.toContain('the-access-token')
  const place = { account_id: ACCOUNT, workspace_id: WORKSPACE }
  const tokens = openTokens(api.env.ENCRYPTION_KEYS, stored.encrypted_tokens, place)
  expect(tokens).toMatchObject({ refresh_token: 'the-refresh-token' })
  const elsewhere = { ...place, account_id: WORKSPACE }
  expect(() => openTokens(api.env.ENCRYPTION_KEYS, stored.encrypted_tokens, elsewhere)).toThrow()
})

test('hands X the very verifier the challenge was made of', async () => {
  const seen: string[] = []
  const api = fakeApi(attempts(), {
    ...granted,
    exchange: async (input, options) => {
      seen.push(input.verifier)
      return granted.exchange?.(input, options) as ReturnType<Network['exchange']>
    },
  })
  const query = await start(api)
  await callback(api, query.get('state'))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(seen[0]))
  const challenge = Buffer.from(digest).toString('base64url')
  expect(query.get('code_challenge')).toBe(challenge)
})

test('takes a state once, and an unknown one never', async () => {
  const api = fakeApi(attempts(), granted)
  const state = (await start(api)).get('state')
  expect((await callback(api, 'made-up')).status).toBe(400)
  expect((await callback(api, state)).status).toBe(302)
  const again = await callback(api, state)
  expect([again.status, again.headers.get('location')]).toEqual([400, null])
})

test('tells the page why it failed as a slug, and nothing else', async () => {
  const denied: Partial<Network> = {
    exchange: async () => ({
      kind: 'refused',
      rates: [],
      slug: 'access-denied',
      detail: 'internal detail of X',
      who: 'author',
      remedy: 'Try again.',
    }),
  }
  const taken: FakeDatabase = {
    'service.connect_account': () => {
      throw refused(409, 'account-already-connected')
    },
  }
  const broken: FakeDatabase = {
    'service.reserve_account_id': () => {
      throw new Error('internal detail of ours')
    },
  }
  const failures: [FakeDatabase, Partial<Network>, string][] = [
    [{}, denied, 'access-denied'],
    [taken, granted, 'account-already-connected'],
    [broken, granted, 'internal'],
  ]
  for (const [effects, network, slug] of failures) {
    const api = fakeApi(attempts(effects), network)
    const { headers } = await callback(api, (await start(api)).get('state'))
    expect(headers.get('location')).toBe(`${returnTo}&error=${slug}`)
  }
})

const late: Answered<Failure> = {
  kind: 'unknown',
  rates: [],
  slug: 'timeout',
  detail: 'internal detail of X',
  who: 'provider',
  remedy: 'Try again.',
}

/** Answers when its time is up, and never without a limit. */
const hanging = (_: unknown, options?: { signal?: AbortSignal }) =>
  new Promise<Answered<Failure>>((resolve) => {
    options?.signal?.addEventListener('abort', () => resolve(late))
  })

test.each(['exchange', 'me'] as const)(
  'keeps nobody waiting for an X that does not answer: %s',
  async (name) => {
    const api = fakeApi(attempts(), { ...granted, revoke: hanging, [name]: hanging })
    const limits: number[] = []
    api.deps.deadline = (ms) => {
      limits.push(ms)
      return AbortSignal.timeout(1)
    }
    const { headers } = await callback(api, (await start(api)).get('state'))
    expect(headers.get('location')).toBe(`${returnTo}&error=timeout`)
    expect(Math.max(...limits.slice(0, 2))).toBeLessThanOrEqual(15_000)
  },
)

/** Connects through an X and a database that may fail, and tells what was given back to X. */
const revokedBy = async (effects: FakeDatabase, network: Partial<Network> = {}) => {
  const tokens: string[] = []
  const api = fakeApi(attempts(effects), {
    ...granted,
    ...network,
    revoke: async (token) => {
      tokens.push(token)
      return { kind: 'revoked', rates: [] }
    },
  })
  await callback(api, (await start(api)).get('state'))
  await api.wake()
  return tokens
}

const refusing =
  (slug: string): FakeDatabase[string] =>
  () => {
    throw refused(409, slug)
  }

test('gives a grant back to X that leads to no account', async () => {
  const both = ['the-refresh-token', 'the-access-token']
  expect(await revokedBy({}, { me: async () => late })).toEqual(both)
  expect(await revokedBy({ 'service.connect_account': refusing('x-app-deleted') })).toEqual(both)
})

test('gives no grant back that an account has, or may have', async () => {
  const lost = () => {
    throw new Error('the answer of the database was lost')
  }
  const taken = refusing('account-already-connected')
  expect(await revokedBy({})).toEqual([])
  expect(await revokedBy({ 'service.connect_account': lost })).toEqual([])
  expect(await revokedBy({ 'service.connect_account': taken })).toEqual([])
})

test('answers as JSON when no page was named to return to', async () => {
  const api = fakeApi(attempts(), granted)
  const answer = await callback(api, (await start(api, {})).get('state'))
  expect([answer.status, answer.body]).toEqual([200, { account_id: ACCOUNT }])
})

test('needs a member with the role for it', async () => {
  const api = fakeApi({
    ...attempts(),
    'rpc/start_connection': () => {
      throw refused(403, 'role-required')
    },
  })
  expect((await api.call('POST', '/accounts/connect', { body: {} })).status).toBe(403)
  expect((await api.call('POST', '/accounts/connect', { body: {}, as: null })).status).toBe(401)
})

test("goes through a customer's own app when one is named, with its credentials", async () => {
  const app = {
    id: ACCOUNT,
    workspace_id: WORKSPACE,
    client_id: 'their-client',
    encrypted_client_secret: null,
  }
  let used: unknown
  const database = attempts()
  const { 'rpc/start_connection': begin, 'service.take_oauth_state': take } = database
  const api = fakeApi(
    {
      ...database,
      'rpc/start_connection': (...asked) => ({
        ...(begin?.(...asked) as object),
        client_id: asked[0].p_x_app_id === ACCOUNT ? 'their-client' : null,
      }),
      'service.take_oauth_state': (...asked) => ({ ...(take?.(...asked) as object), app }),
    },
    {
      ...granted,
      exchange: async (_, options) => {
        used = options?.app
        return (granted.exchange as NonNullable<typeof granted.exchange>)(_, options)
      },
    },
  )

  const query = await start(api, { return_to: returnTo, x_app_id: ACCOUNT })
  expect(query.get('client_id')).toBe('their-client')
  expect((await callback(api, query.get('state'))).status).toBe(302)
  expect(used).toEqual({ clientId: 'their-client' })
})

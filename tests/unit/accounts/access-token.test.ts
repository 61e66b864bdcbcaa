import { expect, test, vi } from 'vitest'
import { accessToken } from '../../../shared/accounts/access-token.ts'
import { openTokens, sealTokens } from '../../../shared/accounts/token-envelope.ts'
import type { TokenHolder } from '../../../shared/accounts/token-holder.ts'
import type { Network } from '../../../shared/networks/network.ts'
import { failure, fakeWorker, granted, tokenHolder } from '../../helpers/fake-worker.ts'

type Options = {
  lifeMs?: number
  rejected?: boolean
  refresh?: Network['refresh']
  /** What the database answers to whoever wants to refresh. */
  lease?: (holder: TokenHolder) => object | null | Promise<object | null>
  save?: () => object
  /** Whether X refused the pair a minute ago, too. */
  refusedBefore?: boolean
  /** Whether its owner granted offline access: a refresh token. */
  isOffline?: boolean
}

const leased = (holder: TokenHolder) => ({
  leased: true,
  version: holder.tokens_version,
  encrypted_tokens: holder.encrypted_tokens,
  expires_at: holder.tokens_expire_at,
})

const withoutRefreshToken = (holder: TokenHolder): TokenHolder => {
  const keys = fakeWorker().deps.env.ENCRYPTION_KEYS
  const tokens = openTokens(keys, holder.encrypted_tokens, holder)
  const encrypted_tokens = sealTokens(keys, { ...tokens, refresh_token: null }, holder)
  return { ...holder, encrypted_tokens }
}

const ask = async ({
  lifeMs = 7_200_000,
  rejected = false,
  refresh = async () => granted('2'),
  lease = leased,
  save = () => ({ saved: true }),
  refusedBefore = true,
  isOffline = true,
}: Options = {}) => {
  const granted = await tokenHolder(lifeMs)
  const holder = isOffline ? granted : withoutRefreshToken(granted)
  const worker = fakeWorker({
    lease_token_refresh: () => lease(holder),
    save_refreshed_tokens: save,
    require_reauth: () => ({ changed: refusedBefore }),
  })
  const spy = vi.fn(refresh)
  const answer = await accessToken(worker.deps, { refresh: spy }, holder, rejected)
  return { answer, refresh: spy, worker, holder }
}

const NEAR_END = 599_999

test('hands out a token that lives long enough and asks nobody', async () => {
  const { answer, refresh, worker } = await ask({ lifeMs: 600_001 })

  expect(answer).toMatchObject({ kind: 'token', accessToken: 'access-1' })
  expect(refresh).not.toHaveBeenCalled()
  expect(worker.calls).toEqual([])
})

test('refreshes within ten minutes of the end, and keeps the new pair', async () => {
  const { answer, refresh, worker, holder } = await ask({ lifeMs: NEAR_END })

  expect(answer).toMatchObject({
    kind: 'token',
    accessToken: 'access-2',
    holder: { tokens_version: 2 },
  })
  expect(refresh.mock.calls).toEqual([['refresh-1', { signal: expect.any(AbortSignal) }]])
  const [saved] = worker.callsOf('save_refreshed_tokens')
  expect(saved).toMatchObject({ p_account_id: 'account', p_version: 1 })
  const keys = worker.deps.env.ENCRYPTION_KEYS
  expect(openTokens(keys, String(saved?.p_encrypted_tokens), holder)).toEqual({
    access_token: 'access-2',
    refresh_token: 'refresh-2',
    scope: 'tweet.write',
  })
})

test('refreshes after a 401, however long the token was to live', async () => {
  const { answer, refresh } = await ask({ rejected: true })

  expect(answer).toMatchObject({ accessToken: 'access-2' })
  expect(refresh).toHaveBeenCalledTimes(1)
})

test('keeps the old refresh token when the network grants no new one', async () => {
  const { worker, holder } = await ask({
    lifeMs: NEAR_END,
    refresh: async () => {
      const { tokens, ...rest } = granted('2')
      return { ...rest, tokens: { ...tokens, refreshToken: null } }
    },
  })

  const sealed = String(worker.callsOf('save_refreshed_tokens')[0]?.p_encrypted_tokens)
  const tokens = openTokens(worker.deps.env.ENCRYPTION_KEYS, sealed, holder)
  expect(tokens.refresh_token).toBe('refresh-1')
})

test.each([
  ['is used to its end', { lifeMs: 31_000 }, 'token', 0],
  ['is not used in its last seconds', { lifeMs: 29_000 }, 'later', 0],
  ['that X rejects needs no owner while it lives', { rejected: true }, 'later', 0],
  ['needs its owner once it has ended', { lifeMs: -1 }, 'reauth', 1],
])('a token without offline access %s', async (_, options, kind, asked) => {
  const { answer, refresh, worker } = await ask({ ...options, isOffline: false })

  expect(answer.kind).toBe(kind)
  expect(refresh).not.toHaveBeenCalled()
  expect(worker.callsOf('require_reauth')).toHaveLength(asked)
})

test('takes the pair that somebody else has just stored', async () => {
  const { answer, refresh } = await ask({
    rejected: true,
    lease: async (holder) => ({ ...leased(holder), leased: false, version: 5 }),
  })

  expect(answer).toMatchObject({ kind: 'token', holder: { tokens_version: 5 } })
  expect(refresh).not.toHaveBeenCalled()
})

test('while somebody else refreshes, uses the token as long as it lives', async () => {
  const lease = (holder: TokenHolder) => ({ ...leased(holder), leased: false })

  expect((await ask({ lifeMs: 30_001, lease })).answer).toMatchObject({ kind: 'token' })
  expect((await ask({ lifeMs: 30_000, lease })).answer).toMatchObject({ kind: 'later' })
  expect((await ask({ rejected: true, lease })).answer).toMatchObject({ kind: 'later' })
})

test('spends what the database holds under the lease, not what the claim brought', async () => {
  const worker = fakeWorker()
  const holder = await tokenHolder()
  const stored = { access_token: 'access-new', refresh_token: 'refresh-new', scope: '' }
  const sealed = sealTokens(worker.deps.env.ENCRYPTION_KEYS, stored, holder)

  const { refresh } = await ask({
    rejected: true,
    lease: (own) => ({ ...leased(own), encrypted_tokens: sealed }),
  })

  expect(refresh.mock.calls[0]?.[0]).toBe('refresh-new')
})

test('an account that was disconnected meanwhile has no token, and nothing is asked of X', async () => {
  const { answer, refresh } = await ask({ lifeMs: NEAR_END, lease: () => null })

  expect(answer.kind).toBe('later')
  expect(refresh).not.toHaveBeenCalled()
})

test('asks once more after an unknown outcome, never twice', async () => {
  const { answer, refresh, worker } = await ask({
    rejected: true,
    refresh: async () => failure('unknown'),
  })

  expect(refresh).toHaveBeenCalledTimes(2)
  expect(answer.kind).toBe('later')
  expect(worker.callsOf('require_reauth')).toEqual([])
})

test('begins no refresh that might outlive its lease', async () => {
  const holder = await tokenHolder(NEAR_END)
  const refresh = vi.fn(async () => granted('2'))
  const worker = fakeWorker({
    lease_token_refresh: () => {
      // The worker froze while it waited for the answer.
      worker.advance(45_000)
      return leased(holder)
    },
  })

  const answer = await accessToken(worker.deps, { refresh }, holder, true)

  expect(refresh).not.toHaveBeenCalled()
  expect(answer.kind).toBe('later')
})

test('gives no second try to a refresh that used up the lease', async () => {
  const holder = await tokenHolder(NEAR_END)
  const worker = fakeWorker({ lease_token_refresh: () => leased(holder) })
  const refresh = vi.fn(async () => {
    worker.advance(41_000)
    return failure('unknown')
  })

  await accessToken(worker.deps, { refresh }, holder, true)

  expect(refresh).toHaveBeenCalledTimes(1)
})

test.each(['grant-refused', 'access-denied'])(
  'a definite "%s" asks for the owner',
  async (slug) => {
    const { answer, worker } = await ask({
      lifeMs: NEAR_END,
      refresh: async () => failure('refused', slug),
    })

    expect(answer).toEqual({ kind: 'reauth', detail: 'Because.' })
    expect(worker.callsOf('require_reauth')).toEqual([
      { p_account_id: 'account', p_version: 1, p_detail: 'Because.', p_is_certain: false },
    ])
  },
)

test('one refusal asks nobody: the pair is tried again later, and used as long as it lives', async () => {
  const refused = async () => failure('refused', 'grant-refused')
  const early = await ask({ lifeMs: NEAR_END, refresh: refused, refusedBefore: false })
  expect(early.answer).toMatchObject({ kind: 'token', accessToken: 'access-1' })

  const rejected = await ask({ rejected: true, refresh: refused, refusedBefore: false })
  expect(rejected.answer.kind).toBe('later')
})

test.each([
  failure('unknown'),
  failure('not_sent'),
  failure('app_blocked', 'client-refused'),
  failure('refused', 'invalid-request'),
])('$kind ($slug) never asks for the owner', async (answer) => {
  const { worker, answer: got } = await ask({ rejected: true, refresh: async () => answer })

  expect(worker.callsOf('require_reauth')).toEqual([])
  expect(got.kind).toBe('later')
})

test('goes on with a living token when refreshing it early did not work', async () => {
  const { answer } = await ask({ lifeMs: NEAR_END, refresh: async () => failure('not_sent') })

  expect(answer).toMatchObject({ kind: 'token', accessToken: 'access-1' })
})

test('saves hard: the pair it replaces is spent', async () => {
  let failures = 5
  const { answer, worker } = await ask({
    lifeMs: NEAR_END,
    save: () => {
      failures -= 1
      if (failures > 0) throw new Error('the database is away')
      return { saved: true }
    },
  })

  expect(answer).toMatchObject({ accessToken: 'access-2' })
  const saves = worker.callsOf('save_refreshed_tokens')
  expect(saves).toHaveLength(5)
  expect(new Set(saves.map((args) => args.p_encrypted_tokens)).size).toBe(1)
})

test('does not use a pair that the database did not take', async () => {
  const { answer } = await ask({ rejected: true, save: () => ({ saved: false }) })

  expect(answer.kind).toBe('later')
})

test('asks for the lease again under the same id when its answer is lost', async () => {
  let failures = 2
  const { answer, worker } = await ask({
    lifeMs: NEAR_END,
    lease: (holder) => {
      failures -= 1
      if (failures > 0) throw new Error('the answer was lost')
      return leased(holder)
    },
  })

  expect(answer).toMatchObject({ accessToken: 'access-2' })
  const ids = worker.callsOf('lease_token_refresh').map(({ p_lease }) => p_lease)
  expect(ids).toHaveLength(2)
  expect(new Set(ids).size).toBe(1)
})

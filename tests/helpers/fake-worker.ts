import { sealTokens } from '../../shared/accounts/token-envelope.ts'
import type { TokenHolder } from '../../shared/accounts/token-holder.ts'
import type { Deps } from '../../shared/deps.ts'
import { parseEnv } from '../../shared/env.ts'
import type { Network } from '../../shared/networks/network.ts'
import type { FailureKind } from '../../shared/networks/outcome.ts'
import type { Attempt } from '../../shared/publishing/batches.ts'

export const START = new Date('2026-11-22T12:00:00.000Z')
export const after = (ms: number) => new Date(START.getTime() + ms)

const env = parseEnv({
  SUPABASE_URL: 'https://project.example.com',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_test"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default","cron":"sb_secret_cron"}',
  SUPABASE_JWKS: '{"keys":[]}',
  ENCRYPTION_KEYS: JSON.stringify({ k1: btoa('k'.repeat(32)) }),
  X_CLIENT_ID: 'client',
  S3_REGION: 'local',
  S3_BUCKET: 'myposts',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
  // Threads go on at once, unless a test says otherwise.
  THREAD_PAUSE_SECONDS: '0',
})

type Handler = (args: Record<string, unknown>) => unknown
export type Call = { fn: string; args: Record<string, unknown>; atMs: number }

/**
 * What a worker reaches outside itself: a database that is a record of functions, and a clock that
 * stands still but for sleeping, which takes no time.
 */
export const fakeWorker = (database: Record<string, Handler> = {}) => {
  const calls: Call[] = []
  const logs: Record<string, unknown>[] = []
  const background: Promise<unknown>[] = []
  const ending = new AbortController()
  let elapsed = 0
  let ids = 0
  const nowhere = () => Promise.reject(new Error('a unit test reaches nothing outside'))
  const deps: Deps = {
    env,
    fetch: nowhere,
    fetchPublic: nowhere,
    resolveDns: nowhere,
    now: () => after(elapsed),
    monotonic: () => elapsed,
    sleep: async (ms) => {
      elapsed += ms
    },
    ending: ending.signal,
    deadline: () => new AbortController().signal,
    every: () => () => {},
    randomUUID: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    randomBytes: (length) => new Uint8Array(length),
    background: (promise) => background.push(promise.catch(() => {})),
    log: (entry) => logs.push(entry),
    service: async <T>(fn: string, args: Record<string, unknown> = {}) => {
      calls.push({ fn, args, atMs: elapsed })
      return ((await database[fn]?.(args)) ?? null) as T
    },
  }
  return {
    deps,
    calls,
    logs,
    callsOf: (fn: string) => calls.filter((call) => call.fn === fn).map(({ args }) => args),
    advance: (ms: number) => {
      elapsed += ms
    },
    /** The platform announces the isolate's end. */
    announceEnd: () => ending.abort(),
    /** Resolves once all work in the background has ended. */
    idle: () => Promise.all(background),
  }
}

/** A network that can do only what the test says. */
export const fakeNetwork = (can: Partial<Network>): Network => can as Network

export const accepted = (remoteId: string) => ({ kind: 'accepted' as const, remoteId, rates: [] })

export const failure = <K extends Exclude<FailureKind, 'retry'>>(kind: K, slug = 'why') => ({
  kind,
  slug,
  detail: 'Because.',
  who: 'provider' as const,
  remedy: 'Wait.',
  rates: [],
})

export const attemptOf = (rest: Partial<Attempt> = {}): Attempt => ({
  post_id: 'post',
  position: 0,
  number: 1,
  account_id: 'account',
  text: 'text',
  reply_to: null,
  is_last: true,
  ...rest,
})

/** An account whose access token is `access-1` and ends `lifeMs` after the start. */
export const tokenHolder = async (lifeMs = 7_200_000): Promise<TokenHolder> => {
  const place = { account_id: 'account', workspace_id: 'workspace' }
  const tokens = { access_token: 'access-1', refresh_token: 'refresh-1', scope: 'tweet.write' }
  return {
    ...place,
    encrypted_tokens: sealTokens(env.ENCRYPTION_KEYS, tokens, place),
    tokens_expire_at: after(lifeMs).toISOString(),
    tokens_version: 1,
  }
}

/** Tokens as the network grants them. */
export const granted = (name: string) => ({
  kind: 'granted' as const,
  tokens: {
    accessToken: `access-${name}`,
    refreshToken: `refresh-${name}`,
    scope: 'tweet.write',
    expiresAt: after(7_200_000),
  },
  rates: [],
})

import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import type { Collection } from '../../../shared/analytics/collection.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'
import type { Deps } from '../../../shared/deps.ts'
import { parseEnv } from '../../../shared/env.ts'
import type { Network, PostMetrics } from '../../../shared/networks/network.ts'

export const NOW = new Date('2026-11-22T12:00:00.000Z')
const KEYS = { k1: btoa('0123456789abcdef0123456789abcdef') }

export const env = parseEnv({
  SUPABASE_URL: 'http://127.0.0.1:54321',
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_x"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_x","cron":"sb_secret_cron"}',
  SUPABASE_JWKS: '{"keys":[]}',
  ENCRYPTION_KEYS: JSON.stringify(KEYS),
  X_CLIENT_ID: 'client',
  S3_REGION: 'local',
  S3_BUCKET: 'myposts',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
})

export type Call = { fn: string; args: Record<string, unknown> }
type Answers = Record<string, unknown[]>

/** Deps whose service answers each function from its list, the last answer again and again. */
export const fakeDeps = (answers: Answers) => {
  const calls: Call[] = []
  const background: Promise<unknown>[] = []
  let id = 0
  let elapsed = 0
  const deps: Deps = {
    env,
    fetch: () => Promise.reject(new Error('no network in unit tests')),
    now: () => NOW,
    monotonic: () => elapsed,
    sleep: async (ms) => {
      elapsed += ms
    },
    fetchPublic: () => Promise.reject(new Error('no network in unit tests')),
    resolveDns: () => Promise.reject(new Error('no network in unit tests')),
    every: () => () => {},
    ending: new AbortController().signal,
    deadline: () => new AbortController().signal,
    randomUUID: () => `00000000-0000-4000-8000-${String(++id).padStart(12, '0')}`,
    randomBytes: (length) => new Uint8Array(length),
    background: (promise) => void background.push(promise),
    log: () => {},
    service: async <T>(fn: string, args: Record<string, unknown> = {}) => {
      calls.push({ fn, args })
      const list = answers[fn] ?? [null]
      const answer = list.length > 1 ? list.shift() : list[0]
      if (answer instanceof Error) throw answer
      return answer as T
    },
  }
  return {
    deps,
    calls,
    callsOf: (fn: string) => calls.filter((call) => call.fn === fn).map(({ args }) => args),
    settled: () => Promise.all(background),
    advance: (ms: number) => {
      elapsed += ms
    },
  }
}

const unused = () => {
  throw new Error('analytics does not call this')
}

type Fake = Partial<Pick<Network, 'metrics' | 'refresh'>>

export const fakeNetwork = (fake: Fake): Network => ({
  name: 'fake',
  connect: unused,
  exchange: unused,
  refresh: unused,
  revoke: unused,
  me: unused,
  validate: unused,
  publish: unused,
  media: {
    limits: {},
    checkFile: unused,
    checkSet: unused,
    chunkBytes: 1,
    begin: unused,
    append: unused,
    finish: unused,
    state: unused,
    describe: unused,
  },
  remove: unused,
  timeline: unused,
  find: unused,
  readAddress: unused,
  match: unused,
  metrics: unused,
  ...fake,
})

export const counters = (remoteId: string, impressions = 10): PostMetrics => ({
  kind: 'ok',
  remoteId,
  impressions,
  engagements: 3,
  clicks: null,
  likes: 2,
  reposts: 1,
  replies: 0,
  quotes: 0,
  bookmarks: 0,
  profileClicks: null,
})

/** A claimed account with a token that lives for an hour. */
export const collection = async (name = 'a', segments = 1): Promise<Collection> => {
  const place = { account_id: `account-${name}`, workspace_id: 'workspace' }
  const tokens = { access_token: `token-${name}`, refresh_token: `refresh-${name}`, scope: '' }
  return {
    ...place,
    x_app_id: 'app',
    encrypted_tokens: sealTokens(parseKeyRing(KEYS), tokens, place),
    tokens_expire_at: new Date(NOW.getTime() + 3_600_000).toISOString(),
    tokens_version: 1,
    segments: Array.from({ length: segments }, (_, position) => ({
      post_id: `post-${name}`,
      position,
      remote_id: `${name}${position}`,
    })),
  }
}

export const claimOf = (...accounts: Collection[]) => ({
  now: NOW.toISOString(),
  lease_ms: 60_000,
  accounts,
})

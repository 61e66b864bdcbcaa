import type { Answer } from '../../../scripts/stack/sandbox-x/answers.ts'
import type { Call } from '../../../scripts/stack/sandbox-x/call.ts'
import { applyEntry } from '../../../scripts/stack/sandbox-x/entries.ts'
import { createFaults } from '../../../scripts/stack/sandbox-x/faults.ts'
import { createRateWindows } from '../../../scripts/stack/sandbox-x/rate-windows.ts'
import { route } from '../../../scripts/stack/sandbox-x/routes.ts'
import { createSnowflakes } from '../../../scripts/stack/sandbox-x/snowflakes.ts'
import { createState, type Post } from '../../../scripts/stack/sandbox-x/state.ts'
import type { World as Sandbox } from '../../../scripts/stack/sandbox-x/world.ts'
import { ACCOUNTS, accessTokenOf, refreshTokenOf, SCOPE } from '../database/fixture.ts'
import type { World } from '../world.ts'
import { picturesOf } from './pictures.ts'

/** What X really has, whatever it says: the truth everything is judged by. */
export type XState = {
  posts(): Post[]
  has(remoteId: string): Post | undefined
  /** Carries a request out. */
  carryOut(call: Call): Answer
  /** Whose access token a request carries, whether it still works or not. */
  userOf(call: Call): string | null
  isVisible(post: Post): boolean
  /** Whether X would refuse this refresh token for good. */
  hasDeadFamily(remoteUserId: string): boolean
}

const noJournal = {
  entries: [],
  append: () => {},
  flushed: (done: () => void) => done(),
  clear: () => {},
  close: () => {},
}

const DAY = 86_400_000

/** The embedded stack's sandbox X, in memory, on X's own clock; its timelines lag. */
export const createXState = (world: World): XState => {
  const { x } = world.plan
  const state = createState()
  const shownAt = new Map<string, number>()
  const random = world.random.fork('timeline lag')
  const now = () => Math.floor(world.time() - x.clockBehindMs)
  // Its webhooks are left out: nothing here listens to them.
  const parts: Partial<Sandbox> = {
    state,
    journal: noJournal,
    faults: createFaults(),
    windows: createRateWindows(),
    codes: new Map(),
    requests: new Map(),
    uploads: new Map(),
    mediaRules: new Map(),
    now,
    nextId: createSnowflakes(now),
    record: (entry: Parameters<Sandbox['record']>[0]) => {
      applyEntry(state, entry)
      if (entry.t !== 'post') return
      const lag = random.chance(0.5) ? random.between(0, x.timelineLagMs) : 0
      shownAt.set(entry.post.id, world.time() + lag)
    },
  }
  const sandbox = parts as Sandbox

  applyEntry(state, { t: 'limits', limits: { duplicate_window_ms: x.refusesDuplicates ? DAY : 0 } })
  for (const account of ACCOUNTS) {
    const { remoteUserId, name } = account
    applyEntry(state, {
      t: 'user',
      user: {
        id: remoteUserId,
        username: name.slice(1),
        name,
        subscription_type: 'None',
        verified_type: 'none',
      },
    })
    applyEntry(state, {
      t: 'grant',
      spends: null,
      grant: {
        access_token: accessTokenOf(account),
        refresh_token: refreshTokenOf(account),
        client_id: 'sandbox-client',
        user_id: remoteUserId,
        scope: SCOPE,
        family: `family of ${name}`,
        expires_at: now() + x.tokenLifeMs,
        spent: false,
      },
    })
    for (const media of picturesOf(account)) applyEntry(state, { t: 'media', media })
  }
  const isVisible = (post: Post) => (shownAt.get(post.id) ?? 0) <= world.time()

  return {
    posts: () => state.accepted,
    has: (remoteId) => state.posts.get(remoteId),
    isVisible,
    userOf: ({ authorization }) =>
      state.access.get(authorization?.slice('Bearer '.length) ?? '')?.user_id ?? null,
    hasDeadFamily: (remoteUserId) =>
      [...state.refresh.values()].some(
        ({ user_id, family }) => user_id === remoteUserId && state.deadFamilies.has(family),
      ),
    carryOut: (call) => {
      // What a timeline does not show yet is not there for its readers.
      if (call.method !== 'GET') return route(sandbox, call)
      const all = [...state.accounts.values()].map((account) => ({ account, posts: account.posts }))
      for (const { account, posts } of all) account.posts = posts.filter(isVisible)
      try {
        return route(sandbox, call)
      } finally {
        for (const { account, posts } of all) account.posts = posts
      }
    },
  }
}

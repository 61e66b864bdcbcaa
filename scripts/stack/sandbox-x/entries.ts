import type { Limits } from './defaults.ts'
import type { Media } from './media-state.ts'
import {
  type App,
  addUser,
  createState,
  type Grant,
  type Post,
  type State,
  type Subscription,
  subscriptionKey,
  type User,
  type Webhook,
} from './state.ts'

/** Everything that changes the sandbox for good; the journal is a list of these. */
export type Entry =
  | { t: 'post'; post: Omit<Post, 'deleted'> }
  | { t: 'delete'; id: string }
  | { t: 'media'; media: Media }
  | { t: 'app'; app: App }
  | { t: 'user'; user: User }
  | { t: 'grant'; grant: Grant; spends: string | null }
  | { t: 'kill'; family: string }
  | { t: 'limits'; limits: Partial<Limits> }
  | { t: 'credits'; client_id: string; remaining: number | null }
  | { t: 'clock'; offset_ms: number }
  | { t: 'metrics'; user_id: string; factor: number }
  | { t: 'webhook'; webhook: Webhook }
  | { t: 'unwebhook'; id: string }
  | { t: 'subscription'; subscription: Subscription }
  | { t: 'unsubscription'; key: string }
  | { t: 'reset' }

type Appliers = { [T in Entry['t']]: (state: State, entry: Extract<Entry, { t: T }>) => void }

const appliers: Appliers = {
  post: (state, { post }) => {
    const kept: Post = { ...post, deleted: false }
    state.posts.set(kept.id, kept)
    state.accepted.push(kept)
    const account = state.accounts.get(kept.user_id)
    account?.posts.push(kept)
    const tries = account?.tries.get(kept.text)
    if (tries) tries.acceptedAt = kept.at
    else account?.tries.set(kept.text, { attempts: 1, acceptedAt: kept.at })
    const app = state.apps.get(kept.client_id)
    if (app?.credits) app.credits -= 1
  },
  media: (state, { media }) => void state.media.set(media.id, media),
  delete: (state, { id }) => {
    const post = state.posts.get(id)
    if (!post) return
    post.deleted = true
    const tries = state.accounts.get(post.user_id)?.tries.get(post.text)
    if (tries) tries.acceptedAt = Number.NEGATIVE_INFINITY
  },
  app: (state, { app }) => void state.apps.set(app.client_id, app),
  user: (state, { user }) => void addUser(state, user),
  grant: (state, { grant, spends }) => {
    const spent = spends === null ? undefined : state.refresh.get(spends)
    if (spent) spent.spent = true
    state.access.set(grant.access_token, grant)
    if (grant.refresh_token !== null) state.refresh.set(grant.refresh_token, grant)
  },
  kill: (state, { family }) => void state.deadFamilies.add(family),
  limits: (state, { limits }) => void Object.assign(state.limits, limits),
  credits: (state, { client_id, remaining }) => {
    const app = state.apps.get(client_id)
    if (app) app.credits = remaining
  },
  clock: (state, { offset_ms }) => {
    state.clockOffset = offset_ms
  },
  metrics: (state, { user_id, factor }) => {
    const account = state.accounts.get(user_id)
    if (account) account.metricsFactor = factor
  },
  webhook: (state, { webhook }) => void state.webhooks.set(webhook.id, webhook),
  unwebhook: (state, { id }) => void state.webhooks.delete(id),
  subscription: (state, { subscription }) =>
    void state.subscriptions.set(
      subscriptionKey(subscription.event_type, subscription.user_id),
      subscription,
    ),
  unsubscription: (state, { key }) => void state.subscriptions.delete(key),
  reset: (state) => void Object.assign(state, createState()),
}

/** Carries one entry into the state; the same for a live change and for the journal's replay. */
export const applyEntry = (state: State, entry: Entry): void =>
  (appliers[entry.t] as (state: State, entry: Entry) => void)(state, entry)

import { defaultApps, defaultLimits, defaultUsers, type Limits } from './defaults.ts'
import type { Media } from './media-state.ts'

export type App = {
  client_id: string
  /** Null for a public client. */
  client_secret: string | null
  /** Exact addresses; the host `loopback` stands for any loopback host and port. */
  redirect_uris: string[]
  /** Posts the app may still pay for, null for without end. */
  credits: number | null
}

export type User = {
  id: string
  username: string
  name: string
  subscription_type: 'None' | 'Basic' | 'Premium' | 'PremiumPlus'
  verified_type: 'none' | 'blue' | 'business' | 'government'
}

export type Post = {
  id: string
  user_id: string
  client_id: string
  text: string
  /** Milliseconds of the sandbox's clock. */
  at: number
  reply_to: string | null
  /** Ids of what it shows, in order. */
  media?: string[]
  deleted: boolean
}

export type Grant = {
  access_token: string
  refresh_token: string | null
  client_id: string
  user_id: string
  scope: string
  family: string
  expires_at: number
  spent: boolean
}

/** Where the app wants its events. */
export type Webhook = { id: string; url: string; valid: boolean; created_at: string }

/** One per event type and user. */
export const subscriptionKey = (type: string, userId: string) => `${type} ${userId}`

export type Subscription = { id: string; event_type: string; user_id: string; webhook_id: string }

/** What the sandbox knows of one text of one account. */
export type Tries = { attempts: number; acceptedAt: number }

export type Account = {
  user: User
  posts: Post[]
  tries: Map<string, Tries>
  /** Multiplies every counter of the account's posts; below 1 they fall. */
  metricsFactor: number
}

export type State = {
  apps: Map<string, App>
  accounts: Map<string, Account>
  usernames: Map<string, Account>
  posts: Map<string, Post>
  /** Files that were uploaded whole. */
  media: Map<string, Media>
  accepted: Post[]
  access: Map<string, Grant>
  refresh: Map<string, Grant>
  deadFamilies: Set<string>
  webhooks: Map<string, Webhook>
  /** By event type and user. */
  subscriptions: Map<string, Subscription>
  limits: Limits
  clockOffset: number
}

export const addUser = (state: State, user: User): Account => {
  const account: Account = { user, posts: [], tries: new Map(), metricsFactor: 1 }
  state.accounts.set(user.id, account)
  state.usernames.set(user.username.toLowerCase(), account)
  return account
}

/** The sandbox as it is on first start: one app, three users, X's published limits. */
export const createState = (): State => {
  const state: State = {
    apps: new Map(defaultApps().map((app) => [app.client_id, app])),
    accounts: new Map(),
    usernames: new Map(),
    posts: new Map(),
    media: new Map(),
    accepted: [],
    access: new Map(),
    refresh: new Map(),
    deadFamilies: new Set(),
    webhooks: new Map(),
    subscriptions: new Map(),
    limits: defaultLimits(),
    clockOffset: 0,
  }
  for (const user of defaultUsers()) addUser(state, user)
  return state
}

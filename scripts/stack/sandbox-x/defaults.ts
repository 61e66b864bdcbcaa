import type { App, User } from './state.ts'

export type Limits = {
  posts_per_15_min: number
  deletes_per_15_min: number
  lookups_per_15_min: number
  timelines_per_15_min: number
  me_per_15_min: number
  media_initialize_per_15_min: number
  media_append_per_15_min: number
  media_finalize_per_15_min: number
  media_status_per_15_min: number
  app_per_24_h: number
  /** How long the same text of the same account is refused; 0 accepts duplicates. */
  duplicate_window_ms: number
}

export const defaultLimits = (): Limits => ({
  posts_per_15_min: 100,
  deletes_per_15_min: 50,
  lookups_per_15_min: 5_000,
  timelines_per_15_min: 900,
  me_per_15_min: 75,
  media_initialize_per_15_min: 1_875,
  media_append_per_15_min: 1_875,
  media_finalize_per_15_min: 1_875,
  media_status_per_15_min: 1_000,
  app_per_24_h: 10_000,
  duplicate_window_ms: 24 * 60 * 60 * 1_000,
})

export const callbackPath = '/functions/v1/api/accounts/callback'

export const defaultApps = (): App[] => [
  {
    client_id: 'sandbox-client',
    client_secret: 'sandbox-secret',
    redirect_uris: [`http://loopback${callbackPath}`],
    credits: null,
  },
]

const user = (id: string, username: string, name: string): User => ({
  id,
  username,
  name,
  subscription_type: 'None',
  verified_type: 'none',
})

export const defaultUsers = (): User[] => [
  user('1000000000000000001', 'demo', 'Demo'),
  user('1000000000000000002', 'alice', 'Alice'),
  user('1000000000000000003', 'bob', 'Bob'),
]

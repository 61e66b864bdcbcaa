import { USER } from './fake-api.ts'

export const WORKSPACE = '0193a3c0-0000-4000-8000-0000000000a1'
export const ACCOUNT = '0193a3c0-0000-4000-8000-0000000000b1'
export const POST = '0193a3c0-0000-7000-8000-0000000000c1'

const at = '2026-11-22T12:00:00.123456+00:00'

/** A row of accounts as PostgREST gives it, with columns the API does not show. */
export const accountRow = (overrides: Record<string, unknown> = {}) => ({
  id: ACCOUNT,
  workspace_id: WORKSPACE,
  user_id: USER,
  network: 'x',
  x_app_id: '00000000-0000-0000-0000-000000000001',
  remote_user_id: '42',
  twitter_username: 'someone',
  display_name: 'Some One',
  status: 'active',
  status_detail: null,
  text_limit: 280,
  profile_read_at: at,
  profile_asked_at: at,
  can_self_reply: true,
  time_zone: 'UTC',
  connected_at: at,
  disconnected_at: null,
  paused_at: null,
  created_at: at,
  version: 1,
  ...overrides,
})

/** A post as private.post_document gives it. */
export const postRow = (overrides: Record<string, unknown> = {}) => ({
  id: POST,
  workspace_id: WORKSPACE,
  account_id: ACCOUNT,
  user_id: USER,
  content: 'Hello',
  segments: [
    {
      position: 0,
      text: 'Hello',
      media_ids: [],
      status: 'pending',
      remote_id: null,
      published_at: null,
      removed_at: null,
    },
  ],
  status: 'draft',
  scheduled_at: null,
  published_at: null,
  late_ms: null,
  unpublish_requested_at: null,
  unpublished_at: null,
  held_reason: null,
  failure: null,
  unconfirmed: null,
  metadata: {},
  late_policy: 'hold',
  late_after_seconds: 3600,
  version: 3,
  created_at: at,
  updated_at: at,
  ...overrides,
})

type Plan = { segments?: { text: string; media_ids?: string[] }[] }

/** Stands in for public.review_post: nothing is to be said, unless `overrides` say it. */
export const reviewOf =
  (overrides: Record<string, unknown> = {}) =>
  ({ p_review: plan }: { p_review?: Plan }) => ({
    account: { id: ACCOUNT, network: 'x', text_limit: 280 },
    segments: plan?.segments ?? [{ text: 'Hello', media_ids: [] }],
    prices: { post: 15_000, post_with_url: 200_000 },
    problems: [],
    warnings: [],
    ...overrides,
  })

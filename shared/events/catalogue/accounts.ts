import { z } from 'zod'
import { entry, instant, SAMPLE } from './entry.ts'

const named = { account_id: z.uuid(), twitter_username: z.string() }
const someone = { account_id: SAMPLE.account_id, twitter_username: 'someone' }

/** What an account is called and may do: private.account_facts. */
const facts = z.object({
  ...named,
  display_name: z.string().nullable(),
  status: z.string(),
  text_limit: z.int(),
  can_self_reply: z.boolean(),
  time_zone: z.string(),
})
const sample = {
  ...someone,
  display_name: 'Some One',
  status: 'active',
  text_limit: 280,
  can_self_reply: true,
  time_zone: 'Europe/Berlin',
}

export const accountEvents = {
  'account.connected': entry('An account was connected, or connected again.', facts, sample),
  'account.disconnected': entry(
    'An account was disconnected; its tokens are destroyed.',
    z.object(named),
    someone,
  ),
  'account.paused': entry(
    'The network suspended or locked an account: its posts wait until it is resumed.',
    z.object({
      ...named,
      slug: z.string(),
      detail: z.string(),
      remedy: z.string().optional(),
      who: z.string().optional(),
    }),
    {
      ...someone,
      slug: 'account-suspended',
      detail: 'X has suspended this account.',
      remedy: 'Settle it with X, then resume the account.',
      who: 'account',
    },
  ),
  'account.needs_reauth': entry(
    'The network refuses the account: somebody has to connect it again.',
    z.object({ ...named, detail: z.string() }),
    { ...someone, detail: 'Its owner withdrew the app’s access on X.' },
  ),
  'account.updated': entry(
    'What an account is called or may do, or whether it is paused, has changed.',
    facts,
    { ...sample, status: 'paused' },
  ),
  'mention.received': entry(
    'Somebody mentioned an account on the network; data is what they wrote.',
    z.object({
      ...named,
      remote_id: z.string(),
      author_id: z.string().nullable(),
      author_username: z.string().nullable(),
      text: z.string(),
      created_at: instant().nullable(),
    }),
    {
      ...someone,
      remote_id: '1869',
      author_id: '42',
      author_username: 'ada',
      text: '@someone Nice!',
      created_at: '2026-12-01T09:05:00+00:00',
    },
  ),
  'metrics.updated': entry(
    'New metrics of posts were rolled up.',
    z.object({ account_id: z.uuid(), updated_at: instant() }),
    { account_id: SAMPLE.account_id, updated_at: '2026-12-01T10:00:00+00:00' },
  ),
}

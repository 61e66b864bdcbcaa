import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { Account } from './account.ts'

const instant = () => z.string().meta({ format: 'date-time' })
const milliseconds = () => z.number().nullable().meta({ description: 'Null when none was sent.' })

const TokenError = z.object({
  slug: z.string(),
  detail: z.string(),
  who: z.string(),
  remedy: z.string(),
})

/** Whether an account can send, what waits in its queue, and how late its posts went out. */
export const AccountHealth = z
  .object({
    account_id: z.uuid(),
    status: Account.shape.status,
    status_detail: z.string().nullable(),
    can_self_reply: z.boolean(),
    token: z.object({
      state: z.enum(['valid', 'renewable', 'failing', 'expired', 'refused', 'missing']),
      expires_at: instant().nullable(),
      failing_since: instant().nullable().meta({
        description: 'Since when the network does not renew it; null when it does.',
      }),
      error: TokenError.nullable().meta({
        description: 'Why the network does not renew it, and who can mend that.',
      }),
    }),
    lane: z.object({
      is_open: z.boolean().meta({ description: 'Whether what is due is sent right now.' }),
      closed_by: z.array(z.enum(['account', 'workspace', 'suspended', 'budget', 'restored'])),
      blocked_until: instant().nullable().meta({
        description: 'Before that nothing is sent: a rate window, or the pause after a failure.',
      }),
      app_blocked_until: instant().nullable().meta({
        description: 'When the X app may send again; null when nobody knows, or it may send now.',
      }),
      app_blocked_reason: z.string().nullable().meta({
        description: 'Why the X app may send nothing now.',
      }),
    }),
    rates: z
      .array(
        z.object({
          scope: z.enum(['account', 'app']),
          endpoint: z.string().meta({
            description:
              'publish, remove, or schedule: the places of the app for posts of today (UTC).',
          }),
          seconds: z.int(),
          limit: z.int().nullable().meta({ description: 'Null where the network names none.' }),
          used: z.int(),
          remaining: z.int().nullable(),
          resets_at: instant().nullable(),
          source: z.enum(['own', 'network']),
        }),
      )
      .meta({ description: 'Rate windows: as we count them, and as the network last told.' }),
    queue: z.object({ length: z.int(), next_at: instant().nullable() }),
    lateness: z
      .object({
        from: instant(),
        to: instant(),
        count: z.int(),
        p50_ms: milliseconds(),
        p95_ms: milliseconds(),
        p99_ms: milliseconds(),
      })
      .meta({ description: 'Sent minus scheduled, of posts published in the period.' }),
  })
  .meta({ id: 'AccountHealth' })

export type AccountHealth = z.infer<typeof AccountHealth>

/** What lateness may be asked over. */
export const healthPeriods = { '1h': '1 hour', '24h': '1 day', '7d': '7 days', '30d': '30 days' }

/** Throws 404 when the account is absent or not the caller's to see. */
export const getAccountHealth = async (
  caller: Pick<Caller, 'rpc'>,
  accountId: string,
  period: keyof typeof healthPeriods,
): Promise<AccountHealth> =>
  AccountHealth.parse(
    await caller.rpc('account_health', {
      p_account_id: accountId,
      p_period: healthPeriods[period],
    }),
  )

import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { toMicros, toUsd, Usd, UsdInput } from './money.ts'

const Action = z.enum(['delete', 'post_read', 'user_read', 'event', 'alt_text']).meta({
  description:
    'delete: a post was deleted. post_read: one was read, for metrics or to find out whether it is there; the network bills each once a day. user_read: an account was connected. event: the network told of a post or mention. alt_text: media were described.',
})

const Row = z.object({
  workspace_id: z.uuid(),
  month: z.string(),
  limit_micros: z.int().nullable(),
  held_micros: z.int(),
  spent_micros: z.int(),
  costs: z.array(z.object({ action: Action, count: z.int(), micros: z.int() })),
  stopped_at: z.string().nullable(),
  version: z.int(),
})

const Cost = z
  .object({
    action: Action,
    count: z.int(),
    usd: Usd,
  })
  .meta({ id: 'Cost' })

/** What a workspace may spend on the network in a calendar month (UTC), and what became of it. */
export const Budget = z
  .object({
    workspace_id: z.uuid(),
    month: z.string().meta({ description: 'The running month, UTC.', examples: ['2026-11'] }),
    monthly_limit_usd: Usd.nullable().meta({ description: 'Null: no limit.' }),
    held_usd: Usd.meta({ description: 'Kept for posts of this month that are still to be sent.' }),
    spent_usd: Usd.meta({ description: 'Billed for posts of this month that were sent.' }),
    costs_usd: Usd.meta({
      description:
        'Billed this month beside posts. It leaves less for scheduling and metrics, and stops nothing that is scheduled.',
    }),
    costs: z.array(Cost).meta({ description: 'What costs_usd is made of, up to this moment.' }),
    remaining_usd: Usd.nullable().meta({
      description: 'What may still be scheduled this month. At 0 no metrics are read either.',
    }),
    status: z.enum(['open', 'stopped']).meta({
      description: 'stopped: more is held and spent than the limit allows; nothing is sent.',
    }),
    stopped_at: z.string().nullable().meta({ format: 'date-time' }),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'Budget' })

export type Budget = z.infer<typeof Budget>

export const UpdateBudgetInput = z
  .strictObject({ monthly_limit_usd: UsdInput.nullable().meta({ description: 'Null: no limit.' }) })
  .meta({ id: 'UpdateBudget' })

const shown = (row: unknown): Budget => {
  const { limit_micros, held_micros, spent_micros, costs, ...budget } = Row.parse(row)
  const costsMicros = costs.reduce((sum, { micros }) => sum + micros, 0)
  const left =
    limit_micros === null ? null : limit_micros - held_micros - spent_micros - costsMicros
  return {
    ...budget,
    monthly_limit_usd: limit_micros === null ? null : toUsd(limit_micros),
    held_usd: toUsd(held_micros),
    spent_usd: toUsd(spent_micros),
    costs_usd: toUsd(costsMicros),
    costs: costs.map(({ micros, ...cost }) => ({ ...cost, usd: toUsd(micros) })),
    remaining_usd: left === null ? null : toUsd(Math.max(left, 0)),
    status: budget.stopped_at === null ? 'open' : 'stopped',
  }
}

/** Throws 404 when the workspace is not the caller's to see. */
export const getBudget = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string,
): Promise<Budget> => shown(await caller.rpc('get_budget', { p_workspace_id: workspaceId }))

/** Sets the monthly limit. `version` null skips the comparison. */
export const updateBudget = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string,
  { monthly_limit_usd: limit }: z.infer<typeof UpdateBudgetInput>,
  version: number | null,
): Promise<Budget> =>
  shown(
    await caller.rpc('set_budget', {
      p_workspace_id: workspaceId,
      p_limit_micros: limit === null ? null : toMicros(limit),
      p_version: version,
    }),
  )

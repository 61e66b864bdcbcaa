import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { problems } from '../http/problems.ts'

const Workspace = z
  .object({
    id: z.uuid(),
    name: z.string(),
    is_personal: z.boolean(),
    role: z.enum(['owner', 'admin', 'editor', 'viewer']),
  })
  .meta({ id: 'Membership' })

/** The caller, and the workspaces they may name in Workspace-Id. */
export const Me = z
  .object({
    id: z.uuid(),
    email: z.string(),
    subscription_tier: z.enum(['free', 'pro', 'enterprise']),
    settings: z.record(z.string(), z.unknown()),
    created_at: z.string().meta({ format: 'date-time' }),
    workspaces: z.array(Workspace),
  })
  .meta({ id: 'Me' })

export type Me = z.infer<typeof Me>

export const UpdateMeInput = z
  .strictObject({
    settings: z.record(z.string().min(1).max(100), z.json()).meta({
      description: 'Merged into what is there; null removes a key. At most 8 kB in all.',
    }),
  })
  .meta({ id: 'UpdateMe' })

type Membership = { role: string; workspaces: Record<string, unknown> }

export const getMe = async (caller: Caller): Promise<Me> => {
  const [users, memberships] = await Promise.all([
    caller.select<Record<string, unknown>>('users', { id: `eq.${caller.userId}` }),
    caller.select<Membership>('workspace_members', {
      user_id: `eq.${caller.userId}`,
      select: 'role,workspaces(id,name,is_personal)',
      order: 'created_at',
    }),
  ])
  if (!users[0]) throw problems.unauthorized('The person this token was issued to is gone.')
  const workspaces = memberships.map(({ role, workspaces }) => ({ ...workspaces, role }))
  return Me.parse({ ...users[0], workspaces })
}

export const updateMe = async (caller: Caller, settings: Record<string, unknown>): Promise<Me> => {
  await caller.rpc('update_me', { p_settings: settings })
  return getMe(caller)
}

import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { newestFirst } from '../db/newest-first.ts'
import { problems } from '../http/problems.ts'

const instant = () => z.string().meta({ format: 'date-time' })

/** A workspace as the API shows it. Parsing a row cuts it to what callers may see. */
export const Workspace = z
  .object({
    id: z.uuid(),
    owner_id: z.uuid(),
    name: z.string(),
    is_personal: z.boolean(),
    resend_when_absent: z.boolean().meta({
      description: 'Whether a text that X provably does not have is sent again by itself.',
    }),
    paused_at: instant().nullable().meta({ description: 'Since when its members pause it.' }),
    suspended_at: instant().nullable().meta({ description: 'Since when the operator stops it.' }),
    suspended_reason: z.string().nullable(),
    created_at: instant(),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'Workspace' })

export type Workspace = z.infer<typeof Workspace>

export const UpdateWorkspaceInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional(),
    paused: z.boolean().optional().meta({ description: 'A paused workspace publishes nothing.' }),
    resend_when_absent: z.boolean().optional(),
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdateWorkspace' })

export type UpdateWorkspaceInput = z.infer<typeof UpdateWorkspaceInput>

export type WorkspaceKey = [createdAt: string, id: string]

/** At most `count` workspaces the caller is a member of, newest first, after a key. */
export const listWorkspaces = async (
  caller: Pick<Caller, 'select'>,
  after: WorkspaceKey | null,
  count: number,
): Promise<Workspace[]> =>
  z.array(Workspace).parse(await caller.select('workspaces', newestFirst(after, count)))

/** Throws 404 when the workspace is absent or not the caller's to see. */
export const getWorkspace = async (
  caller: Pick<Caller, 'select'>,
  workspaceId: string,
): Promise<Workspace> => {
  const [row] = await caller.select('workspaces', { id: `eq.${workspaceId}` })
  if (!row) throw problems.notFound()
  return Workspace.parse(row)
}

/** Pauses, resumes or changes a workspace. `version` null skips the comparison. */
export const updateWorkspace = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string,
  changes: UpdateWorkspaceInput,
  version: number | null,
): Promise<Workspace> =>
  Workspace.parse(
    await caller.rpc('update_workspace', {
      p_workspace_id: workspaceId,
      p_changes: changes,
      p_version: version,
    }),
  )

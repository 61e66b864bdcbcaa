import { createMiddleware } from 'hono/factory'
import { z } from 'zod'
import { documented } from './document.ts'
import { problems } from './problems.ts'

export type WorkspaceEnv = { Variables: { workspaceId: string | null } }

const WorkspaceHeaders = z.object({
  'workspace-id': z.uuid().optional().meta({
    description: 'The workspace of the request. Without it: your personal workspace.',
  }),
})

/** Sets `c.var.workspaceId` from the Workspace-Id header; null means the personal workspace. */
export const workspace = documented(
  createMiddleware<WorkspaceEnv>(async (c, next) => {
    const header = c.req.header('workspace-id')
    // An id that cannot exist is as absent as one that does not.
    if (header !== undefined && !z.uuid().safeParse(header).success) throw problems.notFound()
    c.set('workspaceId', header ?? null)
    await next()
  }),
  { header: WorkspaceHeaders, errors: ['not-found'] },
)

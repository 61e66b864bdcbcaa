import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import { Post } from './post.ts'

const instant = () => z.string().meta({ format: 'date-time' })

/** A post that would not go out as things stand. */
export const AtRisk = z
  .object({
    due_at: instant(),
    patience_ends_at: instant().nullable().meta({
      description: 'When its late policy holds or misses it, if it has not gone out; null: never.',
    }),
    post: Post,
    reasons: z.array(
      z.object({
        slug: z.enum([
          'suspended',
          'paused',
          'token',
          'budget',
          'rate',
          'app-blocked',
          'publishing-held',
          'media',
          'self-reply',
        ]),
        who: z.string().meta({ description: 'Who can end it.' }),
        detail: z.string(),
        remedy: z.string(),
        until: instant()
          .nullable()
          .meta({ description: 'When it ends by itself; null: when somebody acts.' }),
      }),
    ),
  })
  .meta({ id: 'AtRisk' })

export type AtRisk = z.infer<typeof AtRisk>

export type AtRiskKey = [dueAt: string, postId: string]

/** At most `count` posts due within 24 h that something keeps back, the first due first, after a key. */
export const listAtRisk = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string | null,
  after: AtRiskKey | null,
  count: number,
): Promise<AtRisk[]> =>
  z.array(AtRisk).parse(
    await caller.rpc('list_at_risk', {
      p_workspace_id: workspaceId,
      p_after: after,
      p_limit: count,
    }),
  )

import { z } from 'zod'

const instant = () => z.string().meta({ format: 'date-time' })

/** An account as the API shows it. Parsing a row cuts it to what callers may see. */
export const Account = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    user_id: z.uuid().nullable().meta({ description: 'Who connected it.' }),
    network: z.enum(['x']),
    x_app_id: z.guid().meta({
      description:
        "The X app it is connected through; 00000000-0000-0000-0000-000000000001 is the deployment's own, which GET /x-apps does not list.",
    }),
    remote_user_id: z.string().meta({ description: 'Its id on the network.' }),
    twitter_username: z.string(),
    display_name: z.string().nullable(),
    status: z.enum(['active', 'paused', 'needs_reauth', 'disconnected']),
    status_detail: z.string().nullable().meta({
      description:
        "Why it needs to be connected again, or the network's own words on why it suspended it.",
    }),
    text_limit: z.int().meta({ description: 'Longest text of a segment, as X counts.' }),
    profile_read_at: instant().meta({
      description: 'When the network was last asked for name, handle and text limit.',
    }),
    can_self_reply: z.boolean().meta({
      description: 'False once X refused to let it reply to itself: threads are refused then.',
    }),
    time_zone: z.string().meta({ description: 'IANA name.' }),
    connected_at: instant(),
    disconnected_at: instant().nullable(),
    paused_at: instant().nullable().meta({
      description: 'Since when it is kept paused. Connecting it again does not end that.',
    }),
    created_at: instant(),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'Account' })

export type Account = z.infer<typeof Account>

export const UpdateAccountInput = z
  .strictObject({
    time_zone: z.string().min(1).max(100).optional().meta({ description: 'IANA name.' }),
    paused: z.boolean().optional().meta({
      description: 'A paused account publishes nothing, also once it was connected again.',
    }),
    can_self_reply: z.boolean().optional().meta({
      description: 'true: let threads try again whether X lets the account reply to itself.',
    }),
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdateAccount' })

export type UpdateAccountInput = z.infer<typeof UpdateAccountInput>

import { z } from 'zod'

/** A customer's X app as the API shows it: never with its secret. */
export const XApp = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    name: z.string(),
    client_id: z.string(),
    has_client_secret: z.boolean().meta({ description: 'False: a public client.' }),
    posts_per_day: z.int().nullable().meta({
      description: 'How many posts X lets it send on a day (UTC). Null: no limit.',
    }),
    status: z.enum(['active', 'blocked']).meta({
      description: 'blocked: X lets the app send nothing now; its posts wait.',
    }),
    status_detail: z.string().nullable().meta({ description: 'Why it is blocked.' }),
    created_at: z.string().meta({ format: 'date-time' }),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'XApp' })

export type XApp = z.infer<typeof XApp>

const name = z.string().trim().min(1).max(100)
const secret = z.string().min(1).max(500).meta({
  description: 'Kept encrypted and never shown. Absent for a public client.',
})
const postsPerDay = z.int().min(1).max(10_000_000).nullable().optional().meta({
  description: 'What X lets the app send on a day. 10000 unless you know better; null: no limit.',
})

export const CreateXAppInput = z
  .strictObject({
    name,
    client_id: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, { error: 'Must be the OAuth 2.0 client id.' }),
    client_secret: secret.optional(),
    posts_per_day: postsPerDay,
  })
  .meta({ id: 'CreateXApp' })

export type CreateXAppInput = z.infer<typeof CreateXAppInput>

export const UpdateXAppInput = z
  .strictObject({
    name: name.optional(),
    client_secret: secret.optional().meta({ description: 'Replaces the secret at once.' }),
    posts_per_day: postsPerDay,
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdateXApp' })

export type UpdateXAppInput = z.infer<typeof UpdateXAppInput>

import { z } from 'zod'
import type { MediaKind } from '../networks/network.ts'

const instant = () => z.string().meta({ format: 'date-time' })

const View = z
  .object({
    url: z.string().meta({
      description:
        'For <img> and <video>; needs no access token. The same for a quarter of an hour.',
    }),
    expires_at: instant().meta({ description: 'Three quarters of an hour from now, or later.' }),
  })
  .meta({ description: 'Where the file is seen. Whoever has the URL sees it until it expires.' })

/** A medium as the API shows it. Parsing a row and its view cuts it to what callers may see. */
export const Media = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    user_id: z.uuid().nullable().meta({ description: 'Who uploaded it.' }),
    file_name: z.string(),
    content_type: z.string().meta({ description: 'As declared, until the file was read.' }),
    bytes: z.int(),
    kind: z.enum(['image', 'gif', 'video']),
    width: z.int().nullable(),
    height: z.int().nullable(),
    duration_ms: z.int().nullable().meta({ description: 'Of a video.' }),
    alt_text: z.string().nullable(),
    status: z.enum(['uploading', 'ready', 'rejected']).meta({
      description:
        'uploading: the file has not come; ready: it can be shown; rejected: see rejection.',
    }),
    rejection: z
      .object({ slug: z.string(), detail: z.string(), remedy: z.string() })
      .nullable()
      .meta({ description: 'What is wrong with the file.' }),
    view: View.nullable().meta({ description: 'Null unless it is ready.' }),
    created_at: instant(),
    ready_at: instant().nullable(),
    version: z.int().meta({ description: 'Also the ETag, in quotes.' }),
  })
  .meta({ id: 'Media', description: 'A picture or video that posts can show.' })

export type Media = z.infer<typeof Media>

const Upload = z
  .object({
    method: z.literal('PUT'),
    url: z.string(),
    headers: z.record(z.string(), z.string()).meta({ description: 'Send them as they are.' }),
    expires_at: instant(),
  })
  .meta({ description: 'How to send the file: its bytes are the body. Needs no access token.' })

export const CreatedMedia = Media.extend({ view: z.null(), upload: Upload }).meta({
  id: 'CreatedMedia',
})

export type CreatedMedia = z.infer<typeof CreatedMedia>

const altText = z
  .string()
  .min(1)
  .max(1_000)
  .nullable()
  .meta({ description: 'What it shows, for people who cannot see it. Images and GIFs.' })

export const CreateMediaInput = z
  .strictObject({
    file_name: z.string().min(1).max(255),
    content_type: z
      .string()
      .max(100)
      .meta({ description: 'image/jpeg, image/png, image/webp, image/gif, video/mp4 …' }),
    bytes: z.int().min(1).meta({ description: 'Exactly as many as will be sent.' }),
    alt_text: altText.optional(),
  })
  .meta({ id: 'CreateMedia' })

export type CreateMediaInput = z.infer<typeof CreateMediaInput>

export const UpdateMediaInput = z.strictObject({ alt_text: altText }).meta({ id: 'UpdateMedia' })

/** A row of public.media as our own functions need it. */
export type MediaRow = Omit<Media, 'status' | 'view'> & {
  status: Media['status'] | 'deleted'
  etag: string | null
}

/** Where the object is kept; the same as private.media_key. */
export const objectKey = ({ workspace_id, id }: Pick<MediaRow, 'workspace_id' | 'id'>): string =>
  `media/${workspace_id}/${id}`

/** As networks call it. */
export const networkKind = (kind: Media['kind']): MediaKind => (kind === 'image' ? 'photo' : kind)

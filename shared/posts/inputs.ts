import { z } from 'zod'
import { Instant } from './instant.ts'
import { postStatuses } from './post.ts'

const text = z
  .string()
  .max(25_000)
  .regex(/\S/, { error: 'A text needs at least one visible character.' })

const segments = z
  .array(z.strictObject({ text }))
  .min(1)
  .max(25)
  .meta({ description: 'A thread, first segment first. Instead of content.' })

const content = text.meta({ description: 'The text of a single post. Instead of segments.' })

const metadata = z
  .record(z.string(), z.json())
  .refine((value) => new TextEncoder().encode(JSON.stringify(value)).length <= 8192, {
    error: 'May have 8 kB as JSON at most.',
  })
  .meta({ description: 'Your own data, returned as it is. At most 8 kB.' })

const lateness = {
  late_policy: z.enum(['publish', 'hold', 'miss']).optional().meta({
    description:
      'What happens when it is later than late_after_seconds: publish it anyway, hold it for a person (default), or miss it.',
  }),
  late_after_seconds: z.int().min(1).max(2_592_000).optional(),
}

type Texts = { content?: string | undefined; segments?: { text: string }[] | undefined }

const exactlyOneText = (value: Texts, context: z.RefinementCtx) => {
  if (value.content === undefined && value.segments === undefined) {
    context.addIssue({ code: 'custom', path: ['content'], message: 'Send content or segments.' })
  }
  atMostOneText(value, context)
}

const atMostOneText = (value: Texts, context: z.RefinementCtx) => {
  if (value.content === undefined || value.segments === undefined) return
  context.addIssue({
    code: 'custom',
    path: ['segments'],
    message: 'Send content or segments, not both.',
  })
}

export const CreatePostInput = z
  .strictObject({
    account_id: z.uuid(),
    content: content.optional(),
    segments: segments.optional(),
    scheduled_at: Instant.optional().meta({ description: 'Without it the post is a draft.' }),
    metadata: metadata.optional(),
    ...lateness,
  })
  .superRefine(exactlyOneText)
  .meta({ id: 'CreatePost' })

export type CreatePostInput = z.infer<typeof CreatePostInput>

export const UpdatePostInput = z
  .strictObject({
    content: content.optional(),
    segments: segments.optional(),
    metadata: metadata.optional(),
    ...lateness,
  })
  .superRefine(atMostOneText)
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdatePost' })

export type UpdatePostInput = z.infer<typeof UpdatePostInput>

export const ValidatePostInput = z
  .strictObject({
    account_id: z.uuid(),
    content: content.optional(),
    segments: segments.optional(),
  })
  .superRefine(exactlyOneText)
  .meta({ id: 'ValidatePost' })

export type ValidatePostInput = z.infer<typeof ValidatePostInput>

export const SchedulePostInput = z
  .strictObject({ scheduled_at: Instant })
  .meta({ id: 'SchedulePost' })

export const ResolvePostInput = z
  .strictObject({
    remote_id: z
      .string()
      .regex(/^[0-9]{1,19}$/, { error: "Must be the id at the end of the post's address on X." })
      .nullable()
      .meta({ description: 'The id of the post on X, or null when it is not there.' }),
  })
  .meta({ id: 'ResolvePost' })

/** What GET /posts may be narrowed to; from and to are about scheduled_at, half open. */
export const postFilters = {
  account_id: z.uuid().optional(),
  status: z.enum(postStatuses).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  q: z.string().min(1).max(200).optional().meta({ description: 'Text the post contains.' }),
}

/** The texts of an input in order, whichever way they were sent. */
export const textsOf = ({ content, segments }: Texts): string[] =>
  segments?.map((segment) => segment.text) ?? (content === undefined ? [] : [content])

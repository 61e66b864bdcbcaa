import { z } from 'zod'
import { Instant } from './instant.ts'
import { postStatuses } from './post.ts'
import { hasUrl } from './quote-post.ts'

// Wider than anything X takes: what it would refuse is told by the review, with its slug and its remedy.
const text = z.string().max(100_000)

const mediaIds = z.array(z.uuid()).min(1).max(20).meta({
  description: 'What it shows, in this order: X takes 4 images, 1 GIF or 1 video. See POST /media.',
})

const isVisible = (value: string | undefined) => /\S/.test(value ?? '')
const invisible = 'Needs at least one visible character, or media.'

const anySegment = z.strictObject({ text: text.optional(), media_ids: mediaIds.optional() })

const segment = anySegment.refine(
  (value) => isVisible(value.text) || value.media_ids !== undefined,
  {
    error: invisible,
    path: ['text'],
  },
)

const segmentsFrom = <Schema extends z.ZodType>(one: Schema) =>
  z
    .array(one)
    .min(1)
    .max(25)
    .meta({ description: 'A thread, first segment first. Instead of content and media_ids.' })

const body = {
  content: text.optional().meta({ description: 'The text of a single post. Instead of segments.' }),
  media_ids: mediaIds.optional(),
  segments: segmentsFrom(segment).optional(),
}

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

type Body = {
  content?: string | undefined
  media_ids?: string[] | undefined
  segments?: { text?: string | undefined; media_ids?: string[] | undefined }[] | undefined
}

const hasSingle = (value: Body) => value.content !== undefined || value.media_ids !== undefined

const neverBoth = (value: Body, context: z.RefinementCtx) => {
  if (!hasSingle(value) || value.segments === undefined) return
  const message = 'Send content or segments, not both.'
  context.addIssue({ code: 'custom', path: ['segments'], message })
}

const oneBody = (value: Body, context: z.RefinementCtx) => {
  if (!hasSingle(value) && value.segments === undefined) {
    context.addIssue({ code: 'custom', path: ['content'], message: 'Send content or segments.' })
  }
  neverBoth(value, context)
}

const visibleBody = (value: Body, context: z.RefinementCtx) => {
  const isSingle = hasSingle(value) && value.segments === undefined
  if (!isSingle || isVisible(value.content) || value.media_ids !== undefined) return
  context.addIssue({ code: 'custom', path: ['content'], message: invisible })
}

export const CreatePostInput = z
  .strictObject({
    account_id: z.uuid(),
    ...body,
    scheduled_at: Instant.optional().meta({ description: 'Without it the post is a draft.' }),
    metadata: metadata.optional(),
    ...lateness,
  })
  .superRefine(oneBody)
  .superRefine(visibleBody)
  .meta({ id: 'CreatePost' })

export type CreatePostInput = z.infer<typeof CreatePostInput>

export const UpdatePostInput = z
  .strictObject({
    ...body,
    metadata: metadata.optional(),
    ...lateness,
  })
  .superRefine(neverBoth)
  .superRefine(visibleBody)
  .refine((value) => Object.keys(value).length > 0, { error: 'Send at least one change.' })
  .meta({ id: 'UpdatePost' })

export type UpdatePostInput = z.infer<typeof UpdatePostInput>

/** A text that shows nothing is one of the things validation says, so it is no malformed request. */
export const ValidatePostInput = z
  .strictObject({
    account_id: z.uuid(),
    ...body,
    segments: segmentsFrom(anySegment).optional(),
    scheduled_at: Instant.optional().meta({ description: 'Without it: as a draft.' }),
  })
  .superRefine(oneBody)
  .meta({ id: 'ValidatePost' })

export type ValidatePostInput = z.infer<typeof ValidatePostInput>

export const SchedulePostInput = z
  .strictObject({ scheduled_at: Instant })
  .meta({ id: 'SchedulePost' })

/** What GET /posts may be narrowed to; from and to are about scheduled_at, half open. */
export const postFilters = {
  account_id: z.uuid().optional(),
  status: z.enum(postStatuses).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  q: z.string().min(1).max(200).optional().meta({ description: 'Text the post contains.' }),
}

/** `has_url`: whether X bills it as a text with a URL, which the database cannot tell. */
export type SegmentInput = { text: string; has_url: boolean; media_ids?: string[] }

/** The segments of an input in order, whichever way they were sent; none when it has none. */
export const segmentsOf = (input: Body): SegmentInput[] => {
  const single = hasSingle(input) ? [{ text: input.content, media_ids: input.media_ids }] : []
  return (input.segments ?? single).map(({ text: words = '', media_ids: media }) => ({
    text: words,
    has_url: hasUrl(words),
    ...(media ? { media_ids: media } : {}),
  }))
}

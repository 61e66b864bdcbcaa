import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Fault } from '../http/problem.ts'
import { problems } from '../http/problems.ts'
import { checkMedia } from '../media/check-media.ts'
import type { MediaRow } from '../media/media.ts'
import { type Settling, settleUpload } from '../media/settle-upload.ts'
import { rulesOf } from '../networks/rules-of.ts'
import type { SegmentInput } from './inputs.ts'
import { PostProblem, Warning } from './notice.ts'
import { hasUrl, Prices, type Quote, quotePost } from './quote-post.ts'
import { weightedLength } from './weighted-length.ts'

const Facts = z.object({
  account: z.object({ id: z.uuid(), network: z.string(), text_limit: z.int() }),
  segments: z.array(z.object({ text: z.string(), media_ids: z.array(z.string()).default([]) })),
  /** How many of the first segments are on the network: nothing stands in their way any more. */
  published: z.int().default(0),
  /** Whether the post goes out by itself: its new segments have to be ready as those before. */
  is_queued: z.boolean().default(false),
  media: z.array(z.custom<MediaRow>()).default([]),
  prices: Prices,
  problems: z.array(PostProblem.extend({ status: z.int() })),
  warnings: z.array(Warning),
})

type Facts = z.infer<typeof Facts>

/** A post as it would be: new for an account, or one that exists with what is to change. */
export type Plan = {
  account_id?: string
  post_id?: string
  segments?: SegmentInput[]
  scheduled_at?: string | undefined
  /** Of the post, as the caller read it; null: any. */
  version?: number | null
}

/** One segment as the network counts it, and what is to be said about it. */
export type SegmentReview = {
  position: number
  text: string
  media_ids: string[]
  length: number
  limit: number
  contains_url: boolean
  problems: PostProblem[]
  warnings: Warning[]
}

/** What is to be said about a post: about the whole of it, and about each segment. */
export type PostReview = {
  account: Facts['account']
  problems: (PostProblem & { status: number })[]
  warnings: Warning[]
  segments: SegmentReview[]
  /** What sending it costs, and what scheduling it holds. */
  quote: Quote
}

type Issues = Pick<SegmentReview, 'problems' | 'warnings'>

/** A draft may show media that are still to come; they keep it from being scheduled, not from being kept. */
const issuesOf = (facts: Facts, position: number, isDraft: boolean): Issues => {
  const { text, media_ids } = facts.segments[position] ?? { text: '', media_ids: [] }
  const pointer = `/segments/${position}/text`
  const rules = rulesOf(facts.account.network)
  const issues = rules.validate(text, { lengthLimit: facts.account.text_limit })
  const shown = checkMedia(rules, media_ids, facts.media, `/segments/${position}/media_ids`)
  const [waiting, faulty] = [
    shown.filter(({ isWaiting }) => isDraft && isWaiting),
    shown.filter(({ isWaiting }) => !(isDraft && isWaiting)),
  ].map((problems) => problems.map(({ isWaiting: _waiting, ...problem }) => problem))
  return {
    problems: issues
      .filter(({ slug }) => slug !== 'text-empty' || media_ids.length === 0)
      .map((issue): PostProblem => ({ pointer, ...issue }))
      .concat(faulty ?? []),
    warnings: waiting ?? [],
  }
}

const reviewSegment = (facts: Facts, position: number, isDraft: boolean): SegmentReview => {
  const { text, media_ids } = facts.segments[position] ?? { text: '', media_ids: [] }
  const isOnNetwork = position < facts.published
  const { problems, warnings } = isOnNetwork
    ? { problems: [], warnings: [] }
    : issuesOf(facts, position, isDraft)
  const isMine = (notice: Warning) => notice.pointer.startsWith(`/segments/${position}/`)
  return {
    position,
    text,
    media_ids,
    length: weightedLength(text),
    limit: facts.account.text_limit,
    contains_url: hasUrl(text),
    problems,
    warnings: [...facts.warnings.filter(isMine), ...warnings],
  }
}

const isAboutSegment = ({ pointer }: Warning) => /^\/segments\/\d+\//.test(pointer)

/**
 * What stands in the way of a post and what may surprise its author. Keeps nothing. Pointers lead
 * into `/segments`. Notices media whose files have come. `goesOut`: what of it is not sent goes out
 * without a time of its own. Throws 404 when account or post are not the caller's to see, 412 for
 * another version.
 */
export const reviewPost = async (
  deps: Settling,
  caller: Pick<Caller, 'rpc'>,
  plan: Plan,
  { goesOut = plan.scheduled_at !== undefined } = {},
): Promise<PostReview> => {
  const read = Facts.parse(await caller.rpc('review_post', { p_review: plan }))
  const settle = (row: MediaRow) => settleUpload(deps, rulesOf(read.account.network), row)
  const facts = { ...read, media: await Promise.all(read.media.map(settle)) }
  const isDraft = !goesOut && !facts.is_queued
  return {
    account: facts.account,
    problems: facts.problems,
    warnings: facts.warnings.filter((warning) => !isAboutSegment(warning)),
    segments: facts.segments.map((_, position) => reviewSegment(facts, position, isDraft)),
    quote: quotePost(facts.segments, facts.prices),
  }
}

/** Every warning of a review, those about the whole post first. */
export const warningsOf = (review: PostReview): Warning[] => [
  ...review.warnings,
  ...review.segments.flatMap(({ warnings }) => warnings),
]

/** Where in the request a segment's part is: a post sent as `content` has no `/segments`. */
export const pointInto = <Notice extends { pointer: string }>(
  input: { segments?: unknown },
  notice: Notice,
): Notice => {
  if (input.segments !== undefined) return notice
  const pointer = notice.pointer
    .replace(/^\/segments(\/0\/text)?$/, '/content')
    .replace(/^\/segments\/0\//, '/')
  return { ...notice, pointer }
}

/** Throws 422 naming each text X would refuse, else the first problem with its own status. */
export const refuseProblems = (review: PostReview, input: { segments?: unknown }): void => {
  const faults: Fault[] = review.segments.flatMap(({ problems: found, length, limit }) =>
    found.map((problem) => ({
      ...pointInto(input, problem),
      ...(problem.slug === 'text-too-long' ? { length, limit } : {}),
    })),
  )
  if (faults.length > 0) throw problems.invalid(faults)
  const [first] = review.problems
  if (!first) return
  const errors = review.problems.map(({ status: _status, ...problem }) => pointInto(input, problem))
  throw problems.refused(first, errors)
}

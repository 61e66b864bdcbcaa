import type { Snapshot } from '../database/snapshot.ts'
import { attemptKey, indexRows, segmentKey } from './index-rows.ts'

/** Statuses in which a post has a job. */
const QUEUED = new Set(['scheduled', 'publishing'])
/** What X has of such a post its author decides about. */
const WITHDRAWN = new Set(['draft', 'pending_approval', 'canceled'])
const MAY_BE_QUEUED = new Set(['scheduled', 'publishing', 'partially_published'])

/** Whatever the tables say of one thing they say alike. Returns what contradicts itself. */
export const rowsAgree = (state: Snapshot): string[] => {
  const { posts, segments, attempts, live, jobs } = indexRows(state)
  const faults: string[] = []
  const unless = (holds: boolean, fault: () => string) => {
    if (!holds) faults.push(fault())
  }

  for (const open of state.live) {
    const attempt = attempts.get(attemptKey(open))
    unless(
      attempt?.status === (open.look === null ? undefined : 'unknown'),
      () => `the live attempt of ${segmentKey(open)} was recorded as ${attempt?.status}`,
    )
    const segment = segments.get(segmentKey(open))
    const shown = open.look === null ? 'sending' : 'unconfirmed'
    unless(
      segment?.status === shown,
      () => `segment ${segmentKey(open)} is ${segment?.status}, its live attempt ${shown}`,
    )
    unless(
      open.look === null || posts.get(open.post)?.status === 'unconfirmed',
      () => `post ${open.post} is ${posts.get(open.post)?.status} with an unknown attempt`,
    )
  }
  for (const segment of state.segments) {
    const isOpen = ['sending', 'unconfirmed'].includes(segment.status)
    unless(
      isOpen === live.has(segmentKey(segment)),
      () =>
        `segment ${segmentKey(segment)} is ${segment.status}, live attempt: ${live.has(segmentKey(segment))}`,
    )
  }
  for (const attempt of state.attempts) {
    const key = segmentKey(attempt)
    const segment = segments.get(key)
    unless(
      attempt.status !== 'accepted' ||
        segment?.status === 'published' ||
        live.has(key) ||
        WITHDRAWN.has(posts.get(attempt.post)?.status ?? ''),
      () => `X took attempt ${attemptKey(attempt)}, and its segment is ${segment?.status}`,
    )
  }
  for (const job of state.jobs) {
    const status = posts.get(job.post)?.status ?? 'absent'
    unless(MAY_BE_QUEUED.has(status), () => `a ${status} post has a job: ${job.post}`)
    const open = live.get(segmentKey(job))
    unless(
      (job.state === 'sending') === (open?.look === null),
      () => `job ${job.post} is ${job.state}, its live attempt ${open ? 'open' : 'absent'}`,
    )
  }
  for (const post of state.posts) {
    unless(
      !QUEUED.has(post.status) || jobs.has(post.id),
      () => `a ${post.status} post is in no queue: ${post.id}`,
    )
    unless(
      post.status !== 'unconfirmed' ||
        state.live.some((open) => open.post === post.id && open.look !== null),
      () => `post ${post.id} is unconfirmed and nobody looks for it`,
    )
    unless(
      post.status !== 'partially_published' ||
        jobs.has(post.id) ||
        post.slug !== null ||
        post.leaves,
      () => `thread ${post.id} stopped and does not say why`,
    )
  }
  return faults
}

import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, sendVersion } from '../../../shared/http/if-match.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { DryRunQuery, IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import {
  publishPost,
  retryPost,
  schedulePost,
  unschedulePost,
} from '../../../shared/posts/change-status.ts'
import { SchedulePostInput } from '../../../shared/posts/inputs.ts'
import { listAttempts } from '../../../shared/posts/list-attempts.ts'
import { Attempt, Post, ReviewedPost } from '../../../shared/posts/post.ts'

const responses = { 200: { description: 'The post.', schema: Post, headers: ['etag'] } }
const reviewed = {
  200: {
    description: 'The post, and what may surprise.',
    schema: ReviewedPost,
    headers: ['etag'],
  },
}

/** What scheduling is refused for, besides the time. */
const unschedulable = [
  'role-required',
  'workspace-suspended',
  'account-not-connected',
  'self-reply-unavailable',
  'media-not-ready',
  'media-rejected',
  'media-unknown',
  'over-budget',
  'day-full',
  'already-published',
  'illegal-transition',
  'outcome-unknown',
  'post-in-flight',
  'invalid-request',
  'storage-unavailable',
] as const

const docs = {
  schedule: describe({
    summary: 'Schedule or reschedule a post',
    description: 'Safe to repeat: the same time again changes nothing.',
    responses: reviewed,
    errors: [...unschedulable, 'scheduled-in-past'],
  }),
  unschedule: describe({
    summary: 'Turn a scheduled post back into a draft',
    description: 'Safe to repeat.',
    responses,
    errors: ['role-required', 'illegal-transition', 'post-in-flight'],
  }),
  publish: describe({
    summary: 'Publish a post now',
    description: 'A second call within five seconds changes nothing.',
    responses: reviewed,
    errors: unschedulable,
  }),
  retry: describe({
    summary: 'Try a failed, missed or held post again',
    description: 'Now. Safe to repeat; of a thread that stopped half way, see resume.',
    responses: reviewed,
    errors: unschedulable,
  }),
  attempts: describe({
    summary: 'Every time a segment was, or may have been, sent',
    responses: { 200: { description: 'All attempts in order.', schema: pageOf(Attempt) } },
  }),
}

/** When posts go out, and what came of it. */
export const postStatus = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post(
      '/posts/:id/schedule',
      user,
      docs.schedule,
      id,
      ifMatch,
      validate('query', DryRunQuery),
      validate('json', SchedulePostInput),
      once,
      async (c) => {
        const dryRun = c.req.valid('query').dry_run === 'true'
        const { scheduled_at: at } = c.req.valid('json')
        const options = { version: c.var.version, dryRun }
        const post = await schedulePost(deps, c.var.caller, c.req.valid('param').id, at, options)
        return dryRun ? c.json(post, 200) : sendVersion(c, post)
      },
    )
    .post('/posts/:id/unschedule', user, docs.unschedule, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await unschedulePost(c.var.caller, c.req.valid('param').id, c.var.version)),
    )
    .post('/posts/:id/publish', user, docs.publish, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await publishPost(deps, c.var.caller, c.req.valid('param').id, c.var.version)),
    )
    .post('/posts/:id/retry', user, docs.retry, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await retryPost(deps, c.var.caller, c.req.valid('param').id, c.var.version)),
    )
    .get('/posts/:id/attempts', user, docs.attempts, id, async (c) => {
      const data = await listAttempts(c.var.caller, c.req.valid('param').id)
      return c.json({ data, next_cursor: null, has_more: false }, 200)
    })
}

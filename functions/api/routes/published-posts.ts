import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, sendVersion } from '../../../shared/http/if-match.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { dropRemainder, resumePost, unpublishPost } from '../../../shared/posts/change-status.ts'
import { Post } from '../../../shared/posts/post.ts'

const responses = { 200: { description: 'The post.', schema: Post, headers: ['etag'] } }

const docs = {
  resume: describe({
    summary: 'Send the rest of a partially published thread',
    description: 'From the segment at which it stopped. Safe to repeat.',
    responses,
    errors: [
      'role-required',
      'workspace-suspended',
      'account-not-connected',
      'self-reply-unavailable',
      'media-not-ready',
      'media-rejected',
      'media-unknown',
      'over-budget',
      'day-full',
      'illegal-transition',
      'outcome-unknown',
      'post-in-flight',
      'invalid-request',
      'storage-unavailable',
    ],
  }),
  drop: describe({
    summary: 'Give up the rest of a partially published thread',
    description:
      'The unsent segments are deleted; what is on the network is the whole post from now on. Safe to repeat.',
    responses,
    errors: ['role-required', 'illegal-transition', 'outcome-unknown', 'post-in-flight'],
  }),
  unpublish: describe({
    summary: 'Delete a post on the network',
    description:
      'A worker deletes every segment, the last one first. removed_at of each segment and unpublished_at of the post say how far it is, failure what was refused. Safe to repeat; repeated after a failure, it tries again.',
    responses,
    errors: [
      'role-required',
      'account-not-connected',
      'not-published',
      'outcome-unknown',
      'post-in-flight',
    ],
  }),
}

/** What can be done with a post that is on the network, whole or in part. */
export const publishedPosts = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post('/posts/:id/resume', user, docs.resume, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await resumePost(deps, c.var.caller, c.req.valid('param').id, c.var.version)),
    )
    .post('/posts/:id/drop-remainder', user, docs.drop, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await dropRemainder(c.var.caller, c.req.valid('param').id, c.var.version)),
    )
    .post('/posts/:id/unpublish', user, docs.unpublish, id, ifMatch, noBody, once, async (c) =>
      sendVersion(c, await unpublishPost(c.var.caller, c.req.valid('param').id, c.var.version)),
    )
}

import { type Context, Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { setETag } from '../../../shared/http/if-match.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { DryRunQuery, IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { duplicatePost } from '../../../shared/posts/change-status.ts'
import { createPost } from '../../../shared/posts/create-post.ts'
import { CreatePostInput, ValidatePostInput } from '../../../shared/posts/inputs.ts'
import { Post, ReviewedPost } from '../../../shared/posts/post.ts'
import { PostValidation, validatePost } from '../../../shared/posts/validate-post.ts'

const answer = { description: 'The post.', schema: Post }
const reviewed = { description: 'The post, and what may surprise.', schema: ReviewedPost }

const docs = {
  create: describe({
    summary: 'Create a draft, or a scheduled post',
    description:
      'Scheduled when scheduled_at is given, else a draft. Refused for whatever POST /posts/validate calls a problem; texts are kept and sent exactly as they came.',
    responses: {
      201: { ...reviewed, headers: ['etag', 'location'] },
      200: { ...reviewed, description: 'What a dry run would have created.' },
    },
    errors: [
      'not-found',
      'role-required',
      'workspace-suspended',
      'account-not-connected',
      'scheduled-in-past',
      'self-reply-unavailable',
      'media-not-ready',
      'media-rejected',
      'media-unknown',
      'over-budget',
      'day-full',
      'storage-unavailable',
    ],
  }),
  validate: describe({
    summary: 'Check a post without keeping it',
    description:
      'Length as X counts, problems it would be refused for and warnings, of the post and of each segment.',
    responses: { 200: { description: 'What is to be said.', schema: PostValidation } },
    errors: ['not-found', 'storage-unavailable'],
  }),
  duplicate: describe({
    summary: 'Copy a post as a new draft',
    description: 'Text, media, metadata and late policy of any post, whatever became of it.',
    responses: { 201: { ...answer, headers: ['etag', 'location'] } },
    errors: ['role-required', 'workspace-suspended', 'media-unknown'],
  }),
}

const created = <Body extends Post>(c: Context, post: Body) => {
  setETag(c, post.version)
  c.header('location', `/functions/v1/api/posts/${post.id}`)
  return c.json(post, 201)
}

/** Making posts: checked, written, copied. */
export const newPosts = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  return new Hono()
    .post(
      '/posts',
      user,
      docs.create,
      validate('query', DryRunQuery),
      validate('json', CreatePostInput),
      once,
      async (c) => {
        const dryRun = c.req.valid('query').dry_run === 'true'
        const post = await createPost(deps, c.var.caller, c.req.valid('json'), dryRun)
        if (dryRun) return c.json(post, 200)
        return created(c, post)
      },
    )
    .post(
      '/posts/:id/duplicate',
      user,
      docs.duplicate,
      validate('param', IdParam),
      noBody,
      once,
      async (c) => created(c, await duplicatePost(c.var.caller, c.req.valid('param').id)),
    )
    .post(
      '/posts/validate',
      user,
      docs.validate,
      validate('json', ValidatePostInput),
      once,
      async (c) => c.json(await validatePost(deps, c.var.caller, c.req.valid('json')), 200),
    )
}

import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { noBody } from '../../../shared/http/no-body.ts'
import { paginate } from '../../../shared/http/page.ts'
import { DryRunQuery, IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import { cancelPost, duplicatePost } from '../../../shared/posts/change-status.ts'
import { createPost } from '../../../shared/posts/create-post.ts'
import { getPost } from '../../../shared/posts/get-post.ts'
import {
  CreatePostInput,
  postFilters,
  UpdatePostInput,
  ValidatePostInput,
} from '../../../shared/posts/inputs.ts'
import { listPosts } from '../../../shared/posts/list-posts.ts'
import { Post, ReviewedPost } from '../../../shared/posts/post.ts'
import { updatePost } from '../../../shared/posts/update-post.ts'
import { PostValidation, validatePost } from '../../../shared/posts/validate-post.ts'

const ListQuery = z.strictObject({
  ...postFilters,
  cursor: cursorOf(z.tuple([z.uuid()])).optional(),
  limit: limitOf(50),
})

const answer = { description: 'The post.', schema: Post, headers: ['etag'] }
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
      'over-budget',
      'day-full',
    ],
  }),
  validate: describe({
    summary: 'Check a post without keeping it',
    description:
      'Length as X counts, problems it would be refused for and warnings, of the post and of each segment.',
    responses: { 200: { description: 'What is to be said.', schema: PostValidation } },
    errors: ['not-found'],
  }),
  list: describe({
    summary: 'List posts, newest first',
    responses: { 200: { description: 'A page.', schema: pageOf(Post), headers: ['link'] } },
  }),
  get: describe({ summary: 'Read a post', responses: { 200: answer } }),
  update: describe({
    summary: 'Change what of a post has not been sent',
    description:
      'Of a partially published thread, the segments after those that are on the network: send those as they are.',
    responses: { 200: { ...reviewed, headers: ['etag'] } },
    errors: [
      'role-required',
      'workspace-suspended',
      'post-not-editable',
      'segment-on-x',
      'self-reply-unavailable',
      'over-budget',
      'day-full',
    ],
  }),
  cancel: describe({
    summary: 'Cancel a post that is not on the network',
    description: 'The post stays readable as canceled. Safe to repeat.',
    responses: { 200: answer },
    errors: ['role-required', 'already-published', 'post-in-flight', 'outcome-unknown'],
  }),
  duplicate: describe({
    summary: 'Copy a post as a new draft',
    description: 'Text, media, metadata and late policy of any post, whatever became of it.',
    responses: { 201: { ...answer, headers: ['etag', 'location'] } },
    errors: ['role-required', 'workspace-suspended'],
  }),
}

const created = <Body extends Post>(c: Context, post: Body) => {
  setETag(c, post.version)
  c.header('location', `/functions/v1/api/posts/${post.id}`)
  return c.json(post, 201)
}

/** Writing and reading posts. */
export const posts = (deps: Deps) => {
  const user = requireUser(deps)
  const once = idempotent(deps)
  const id = validate('param', IdParam)
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
    .post('/posts/:id/duplicate', user, docs.duplicate, id, noBody, once, async (c) =>
      created(c, await duplicatePost(c.var.caller, c.req.valid('param').id)),
    )
    .post(
      '/posts/validate',
      user,
      docs.validate,
      validate('json', ValidatePostInput),
      once,
      async (c) => c.json(await validatePost(deps, c.var.caller, c.req.valid('json')), 200),
    )
    .get('/posts', user, docs.list, workspace, validate('query', ListQuery), async (c) => {
      const { cursor, limit, ...filter } = c.req.valid('query')
      const before = cursor?.[0] ?? null
      const rows = await listPosts(c.var.caller, c.var.workspaceId, filter, before, limit + 1)
      return c.json(
        paginate(c, rows, limit, (post) => [post.id]),
        200,
      )
    })
    .get('/posts/:id', user, docs.get, id, async (c) => {
      const post = await getPost(c.var.caller, c.req.valid('param').id)
      setETag(c, post.version)
      return c.json(post, 200)
    })
    .patch(
      '/posts/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdatePostInput),
      async (c) => {
        const { id: postId } = c.req.valid('param')
        const post = await updatePost(
          deps,
          c.var.caller,
          postId,
          c.req.valid('json'),
          c.var.version,
        )
        setETag(c, post.version)
        return c.json(post, 200)
      },
    )
    .delete('/posts/:id', user, docs.cancel, id, ifMatch, async (c) => {
      const post = await cancelPost(c.var.caller, c.req.valid('param').id, c.var.version)
      setETag(c, post.version)
      return c.json(post, 200)
    })
}

import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { ifMatch, sendVersion } from '../../../shared/http/if-match.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import { cancelPost } from '../../../shared/posts/change-status.ts'
import { getPost } from '../../../shared/posts/get-post.ts'
import { postFilters, UpdatePostInput } from '../../../shared/posts/inputs.ts'
import { listPosts } from '../../../shared/posts/list-posts.ts'
import { Post, ReviewedPost } from '../../../shared/posts/post.ts'
import { updatePost } from '../../../shared/posts/update-post.ts'
import { newPosts } from './new-posts.ts'

const ListQuery = z.strictObject({
  ...postFilters,
  cursor: cursorOf(z.tuple([z.uuid()])).optional(),
  limit: limitOf(50),
})

const answer = { description: 'The post.', schema: Post, headers: ['etag'] }
const reviewed = { description: 'The post, and what may surprise.', schema: ReviewedPost }

const docs = {
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
      'outcome-unknown',
      'self-reply-unavailable',
      'media-not-ready',
      'media-rejected',
      'media-unknown',
      'over-budget',
      'day-full',
      'storage-unavailable',
    ],
  }),
  cancel: describe({
    summary: 'Cancel a post that is not on the network',
    description: 'The post stays readable as canceled. Safe to repeat.',
    responses: { 200: answer },
    errors: ['role-required', 'already-published', 'post-in-flight', 'outcome-unknown'],
  }),
}

/** Making, reading, changing and canceling posts. */
export const posts = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .route('/', newPosts(deps))
    .get('/posts', user, docs.list, workspace, validate('query', ListQuery), async (c) => {
      const { cursor, limit, ...filter } = c.req.valid('query')
      const before = cursor?.[0] ?? null
      const rows = await listPosts(c.var.caller, c.var.workspaceId, filter, before, limit + 1)
      return c.json(
        paginate(c, rows, limit, (post) => [post.id]),
        200,
      )
    })
    .get('/posts/:id', user, docs.get, id, async (c) =>
      sendVersion(c, await getPost(c.var.caller, c.req.valid('param').id)),
    )
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
        return sendVersion(c, post)
      },
    )
    .delete('/posts/:id', user, docs.cancel, id, ifMatch, async (c) =>
      sendVersion(c, await cancelPost(c.var.caller, c.req.valid('param').id, c.var.version)),
    )
}

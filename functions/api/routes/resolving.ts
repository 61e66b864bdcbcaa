import { Hono } from 'hono'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { IdParam } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import type { Network } from '../../../shared/networks/network.ts'
import { Post } from '../../../shared/posts/post.ts'
import { ResolvePostInput, resolvePost } from '../../../shared/posts/resolve-post.ts'

const docs = describe({
  summary: 'Settle a post whose outcome is unknown',
  description:
    'For a person who looked at the network. A live post is asked of the network: it has to be a post of this account. An account that is disconnected is taken at your word.',
  responses: { 200: { description: 'The post.', schema: Post, headers: ['etag'] } },
  errors: [
    'role-required',
    'nothing-to-resolve',
    'post-in-flight',
    'remote-id-taken',
    'not-the-accounts-post',
    'network-unavailable',
  ],
})

/** What a person decides about unknown outcomes. */
export const resolving = (deps: Deps, network: () => Promise<Network>) =>
  new Hono().post(
    '/posts/:id/resolve',
    requireUser(deps),
    docs,
    validate('param', IdParam),
    ifMatch,
    validate('json', ResolvePostInput),
    idempotent(deps),
    async (c) => {
      const place = { postId: c.req.valid('param').id, version: c.var.version }
      const post = await resolvePost(
        deps,
        c.var.caller,
        await network(),
        place,
        c.req.valid('json'),
      )
      setETag(c, post.version)
      return c.json(post, 200)
    },
  )

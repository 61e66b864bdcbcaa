import { Hono } from 'hono'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { requireUser } from '../../../shared/http/auth.ts'
import { cursorOf, limitOf } from '../../../shared/http/cursor.ts'
import { describe } from '../../../shared/http/document.ts'
import { idempotent } from '../../../shared/http/idempotency.ts'
import { ifMatch, setETag } from '../../../shared/http/if-match.ts'
import { paginate } from '../../../shared/http/page.ts'
import { IdParam, pageOf } from '../../../shared/http/params.ts'
import { validate } from '../../../shared/http/validate.ts'
import { workspace } from '../../../shared/http/workspace.ts'
import { deleteMedia, updateMedia } from '../../../shared/media/change-media.ts'
import { createMedia } from '../../../shared/media/create-media.ts'
import {
  CreatedMedia,
  CreateMediaInput,
  Media,
  UpdateMediaInput,
} from '../../../shared/media/media.ts'
import { getMedia, listMedia } from '../../../shared/media/read-media.ts'

const ListQuery = z.strictObject({
  cursor: cursorOf(z.tuple([z.uuid()])).optional(),
  limit: limitOf(50),
})

const answer = { description: 'The medium.', schema: Media, headers: ['etag'] }

const docs = {
  create: describe({
    summary: 'Begin to upload a picture or video',
    description:
      'Answers where to PUT the file: straight into object storage, from a browser too. Nobody has to say "done": the file is noticed when it is read, listed or shown in a post, else by itself within minutes. One that has not come an hour after the URL expired is given up. Images (JPEG, PNG, WebP) up to 5 MB, GIFs up to 15 MB, videos (MP4, QuickTime) up to 512 MB and 140 seconds.',
    responses: {
      201: {
        description: 'The medium, and where its file is to go.',
        schema: CreatedMedia,
        headers: ['etag', 'location'],
      },
    },
    errors: ['not-found', 'role-required', 'media-upload-limit', 'workspace-suspended'],
  }),
  list: describe({
    summary: 'List media, newest first',
    description:
      'Of each that is ready, view says where its file is seen: for an hour at most, without an access token.',
    responses: { 200: { description: 'A page.', schema: pageOf(Media), headers: ['link'] } },
  }),
  get: describe({
    summary: 'Read a medium',
    description:
      'Notices whether its file has come, and what it is. Read it again when view.expires_at has passed.',
    responses: { 200: answer },
    errors: ['storage-unavailable'],
  }),
  update: describe({
    summary: 'Describe a medium',
    description: 'For people who cannot see it. What the network has already is uploaded again.',
    responses: { 200: answer },
    errors: ['role-required'],
  }),
  remove: describe({
    summary: 'Delete a medium and its file',
    responses: { 204: { description: 'It is gone.' } },
    errors: ['role-required', 'media-in-use'],
  }),
}

/** Pictures and videos that posts show. */
export const media = (deps: Deps) => {
  const user = requireUser(deps)
  const id = validate('param', IdParam)
  return new Hono()
    .post(
      '/media',
      user,
      docs.create,
      workspace,
      validate('json', CreateMediaInput),
      idempotent(deps),
      async (c) => {
        const { caller, workspaceId } = c.var
        const medium = await createMedia(deps, caller, workspaceId, c.req.valid('json'))
        setETag(c, medium.version)
        c.header('location', `/functions/v1/api/media/${medium.id}`)
        return c.json(medium, 201)
      },
    )
    .get('/media', user, docs.list, workspace, validate('query', ListQuery), async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const { caller, workspaceId } = c.var
      const rows = await listMedia(deps, caller, workspaceId, cursor?.[0] ?? null, limit + 1)
      return c.json(
        paginate(c, rows, limit, (medium) => [medium.id]),
        200,
      )
    })
    .get('/media/:id', user, docs.get, id, async (c) => {
      const medium = await getMedia(deps, c.var.caller, c.req.valid('param').id)
      setETag(c, medium.version)
      return c.json(medium, 200)
    })
    .patch(
      '/media/:id',
      user,
      docs.update,
      id,
      ifMatch,
      validate('json', UpdateMediaInput),
      async (c) => {
        const { caller, version } = c.var
        const { alt_text: altText } = c.req.valid('json')
        const medium = await updateMedia(deps, caller, c.req.valid('param').id, altText, version)
        setETag(c, medium.version)
        return c.json(medium, 200)
      },
    )
    .delete('/media/:id', user, docs.remove, id, ifMatch, async (c) => {
      await deleteMedia(c.var.caller, c.req.valid('param').id, c.var.version)
      return c.body(null, 204)
    })
}

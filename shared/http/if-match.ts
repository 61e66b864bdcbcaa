import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { z } from 'zod'
import { documented } from './document.ts'
import { problems } from './problems.ts'

export type VersionEnv = { Variables: { version: number | null } }

const IfMatchHeaders = z.object({
  'if-match': z.string().optional().meta({
    description: 'The ETag you read. The change is refused with 412 when it is no longer current.',
  }),
})

/** Sets `c.var.version` from If-Match: "<version>"; null when the caller expects none in particular. */
export const ifMatch = documented(
  createMiddleware<VersionEnv>(async (c, next) => {
    c.set('version', expectedVersion(c.req.header('if-match')?.trim()))
    await next()
  }),
  { header: IfMatchHeaders, errors: ['invalid-if-match', 'version-mismatch'] },
)

const expectedVersion = (header: string | undefined): number | null => {
  if (header === undefined || header === '*') return null
  // A platform that compresses answers weakens their ETags; the version in it stays the same.
  const version = /^(?:W\/)?"([1-9]\d{0,8})"$/.exec(header)?.[1]
  if (version === undefined) throw problems.invalidIfMatch()
  return Number(version)
}

/** Puts the version of the resource in the answer on the ETag header. */
export const setETag = (c: Context, version: number): void => c.header('etag', `"${version}"`)

/** Answers 200 with something that has versions, and its ETag. */
export const sendVersion = <Body extends { version: number }>(c: Context, body: Body) => {
  setETag(c, body.version)
  return c.json(body, 200)
}

import { zValidator } from '@hono/zod-validator'
import type { Context, MiddlewareHandler } from 'hono'
import type { z } from 'zod'
import { documented, type Fragment } from './document.ts'
import { faultsOf } from './faults.ts'
import { type BrokenText, findBrokenText } from './find-broken-text.ts'
import { problems } from './problems.ts'

type Targets = { json: 'body'; query: 'query'; param: 'path'; header: 'header' }

const fragmentFor = (target: keyof Targets, schema: z.ZodObject): Fragment => {
  if (target === 'param') return { path: schema, errors: ['not-found'] }
  if (target === 'query') return { query: schema, errors: ['invalid-request'] }
  if (target === 'header') return { header: schema, errors: ['invalid-request'] }
  return {
    body: schema,
    errors: ['malformed-json', 'content-too-large', 'unsupported-media-type', 'invalid-request'],
  }
}

/**
 * Parses one part of the request, strictly. 400 unparseable, 415 other content, 422 with one entry
 * per fault; a path that cannot name anything is 404 like everything else that is not there.
 */
export const validate = <Target extends keyof Targets, Schema extends z.ZodObject>(
  target: Target,
  schema: Schema,
) => {
  const parse = zValidator(target, schema, (result) => {
    if (result.success) return
    if (target === 'param') throw problems.notFound()
    throw problems.invalid(faultsOf(result.error.issues, target === 'json' ? undefined : target))
  })
  const guarded: MiddlewareHandler = async (c, next) => {
    if (target === 'json') await refuseUnreadable(c)
    return parse(c as never, next)
  }
  return documented(guarded, fragmentFor(target, schema)) as unknown as typeof parse
}

const refuseUnreadable = async (c: Context) => {
  const mediaType = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') throw problems.unsupportedMediaType()
  const broken = findBrokenText(await readJson(c))
  if (broken) throw problems.invalid([brokenFault(broken)])
}

const readJson = async (c: Context): Promise<unknown> => {
  const text = await c.req.text()
  try {
    return JSON.parse(text)
  } catch {
    throw problems.malformedJson(text === '' ? 'The body is empty.' : 'The body is not valid JSON.')
  }
}

const brokenFault = ({ pointer }: BrokenText) => ({
  pointer,
  detail: 'Text may not hold U+0000 or half of a surrogate pair.',
})

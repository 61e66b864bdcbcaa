import { createMiddleware } from 'hono/factory'
import { documented } from './document.ts'
import { pointerOf } from './faults.ts'
import { problems } from './problems.ts'

/** For a POST that takes nothing: a body, unless it is {}, is a misunderstanding and is refused. */
export const noBody = documented(
  createMiddleware(async (c, next) => {
    const text = await c.req.text()
    const keys = text.trim() === '' ? [] : keysOf(text)
    if (keys.length > 0) {
      throw problems.invalid(
        keys.map((key) => ({ pointer: pointerOf([key]), detail: `Unknown key "${key}".` })),
      )
    }
    await next()
  }),
  { errors: ['malformed-json', 'content-too-large', 'invalid-request'] },
)

const keysOf = (text: string): string[] => {
  const value = parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.keys(value)
  throw problems.invalid([{ pointer: '', detail: 'This request takes no body.' }])
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw problems.malformedJson('The body is not valid JSON.')
  }
}

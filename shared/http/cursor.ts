import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '../crypto/base64url.ts'

/** An opaque cursor: the sort key of the last row of a page. */
export const encodeCursor = (key: unknown): string =>
  toBase64Url(new TextEncoder().encode(JSON.stringify(key)))

const decodeCursor = (cursor: string): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(cursor)))
  } catch {
    return undefined
  }
}

/**
 * A query parameter that takes a cursor made from a key of this shape, and gives that key; or `word`,
 * which stands for a place.
 */
export const cursorOf = <Key extends z.ZodType, Word extends string = never>(
  key: Key,
  word?: Word,
) =>
  z
    .string()
    .max(500)
    .transform((cursor, context): z.output<Key> | Word => {
      if (cursor === word) return word
      const parsed = key.safeParse(decodeCursor(cursor))
      if (parsed.success) return parsed.data
      context.addIssue({
        code: 'custom',
        message: `Not a cursor of this list. Use the next_cursor of the page before${word ? `, or "${word}"` : ''}.`,
      })
      return z.NEVER
    })
    .meta({
      description: 'Opaque: the next_cursor of the page before.',
      override: { type: 'string' },
    })

/** How many rows a page has: 1 to 100. */
export const limitOf = (fallback: number) =>
  z.coerce
    .number({ error: 'Must be a whole number from 1 to 100.' })
    .int()
    .min(1)
    .max(100)
    .default(fallback)
    .meta({ description: 'Rows per page, 1 to 100.' })

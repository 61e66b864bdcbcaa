import type { Fault } from '../http/problem.ts'
import { weightedLength } from './weighted-length.ts'

/** Pointers of texts in the request that brought them. */
export const textPointer = (input: { segments?: unknown }, position: number): string =>
  input.segments === undefined ? '/content' : `/segments/${position}/text`

/** One fault for each text longer than the account may send, as X counts. */
export const tooLong = (texts: string[], limit: number, input: { segments?: unknown }): Fault[] =>
  texts.flatMap((text, position) => {
    const length = weightedLength(text)
    if (length <= limit) return []
    return [
      {
        pointer: textPointer(input, position),
        detail: `The text has ${length} characters as X counts them; this account may send ${limit}.`,
        length,
        limit,
      },
    ]
  })

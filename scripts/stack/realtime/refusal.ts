/** A refusal the client is told about: hosted Realtime's error code and sentence. */
export type Refusal = Error & { code: string }

/** Makes a refusal; `code` is one of hosted Realtime's operational codes. */
export const refusal = (code: string, message: string): Refusal =>
  Object.assign(new Error(message), { name: 'Refusal', code })

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && error.name === 'Refusal'

/** The `reason` a refused join is answered with; anything unexpected says nothing of its cause. */
export const reasonOf = (error: unknown): string =>
  isRefusal(error) ? `${error.code}: ${error.message}` : 'Unknown Error on Channel'

/** The sentence of a `system` message that precedes a close. */
export const sentenceOf = (error: unknown): string =>
  isRefusal(error) ? error.message : 'Unknown Error on Channel'

/** A failure the operator can act on: what went wrong and what to do about it. */
export type Fault = Error & { remedy: string }

/** Builds a fault; the command line prints its message and remedy instead of a stack trace. */
export const fault = (message: string, remedy: string, cause?: unknown): Fault =>
  Object.assign(new Error(message, { cause }), { name: 'Fault', remedy })

export const isFault = (error: unknown): error is Fault =>
  error instanceof Error && error.name === 'Fault'

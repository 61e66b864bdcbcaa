/** A refusal with GoTrue's status and code. */
export type Failure = Error & {
  status: number
  code: string
  weakPassword?: { reasons: string[] }
}

/** Makes a failure; `code` is one of GoTrue's error codes. */
export const failure = (status: number, code: string, message: string): Failure =>
  Object.assign(new Error(message), { name: 'Failure', status, code })

/** The failure of a password that is too short. */
export const weakPassword = (message: string): Failure =>
  Object.assign(failure(422, 'weak_password', message), { weakPassword: { reasons: ['length'] } })

const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && error.name === 'Failure'

const VERSION_HEADER = 'x-supabase-api-version'
const VERSION = '2024-01-01'

/**
 * Answers as GoTrue does: `{code, message}` to clients that ask for API version 2024-01-01,
 * `{code: <status>, error_code, msg}` to others. What is no failure is a 500 without its cause.
 */
export const failureResponse = (error: unknown, request: Request): Response => {
  const { status, code, message, weakPassword } = isFailure(error)
    ? error
    : failure(500, 'unexpected_failure', 'Unexpected failure, please check server logs')
  const detail = weakPassword ? { weak_password: weakPassword } : {}
  const asked = request.headers.get(VERSION_HEADER) ?? ''
  if (asked < VERSION) {
    return Response.json({ code: status, error_code: code, msg: message, ...detail }, { status })
  }
  const headers = { [VERSION_HEADER]: VERSION }
  return Response.json({ code, message, ...detail }, { status, headers })
}

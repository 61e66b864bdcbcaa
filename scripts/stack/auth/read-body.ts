import { z } from 'zod'
import { failure, weakPassword } from './failure.ts'

const MIN_PASSWORD_LENGTH = 6
const MAX_PASSWORD_BYTES = 72

/** An e-mail address, lowered as Auth stores it. */
export const Email = z
  .email('Unable to validate email address: invalid format')
  .transform((email) => email.toLowerCase())

/** Reads a JSON body; `bad_json` when it is none, `validation_failed` when it does not fit. */
export const readBody = async <T>(request: Request, schema: z.ZodType<T>): Promise<T> => {
  const body: unknown = await request.json().catch(() => {
    throw failure(400, 'bad_json', 'Could not parse request body as JSON')
  })
  const { data, error } = schema.safeParse(body)
  if (error) {
    const message = error.issues[0]?.message ?? 'Could not read the request'
    throw failure(400, 'validation_failed', message)
  }
  return data
}

/** Refuses a password that is too short to be safe or too long for bcrypt. */
export const checkPassword = (password: string) => {
  if (password.length < MIN_PASSWORD_LENGTH) {
    throw weakPassword(`Password should be at least ${MIN_PASSWORD_LENGTH} characters.`)
  }
  if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) {
    const message = `Password cannot be longer than ${MAX_PASSWORD_BYTES} characters`
    throw failure(400, 'validation_failed', message)
  }
}

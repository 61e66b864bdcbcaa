import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
} from 'oauth4webapi'
import type { Failure } from '../networks/outcome.ts'
import { classify } from './classify.ts'
import { readBroken } from './transport.ts'

const clientErrors = new Set(['unauthorized_client', 'invalid_client'])

/** X's definite no to a code, a refresh token or a client; who has to act depends on which. */
const refusal = (error: string, detail: string): Failure =>
  clientErrors.has(error)
    ? {
        kind: 'app_blocked',
        slug: 'client-refused',
        detail,
        who: 'app',
        remedy: 'Correct X_CLIENT_ID and X_CLIENT_SECRET.',
      }
    : {
        kind: 'refused',
        slug: error === 'access_denied' ? 'access-denied' : 'grant-refused',
        detail,
        who: 'account',
        remedy: 'Connect the account again.',
      }

const explain = (error: unknown, answer: Response | null, now: Date): Failure => {
  if (error instanceof AuthorizationResponseError) {
    return refusal(error.error, error.error_description ?? 'The user did not allow it.')
  }
  if (!answer) {
    const ours = error instanceof OperationProcessingError
    return ours ? refusal('', error.message) : classify(readBroken(error), now)
  }
  const { status, headers } = answer
  const body = error instanceof ResponseBodyError ? error.cause : undefined
  if (body && (status === 400 || status === 401)) {
    return refusal(String(body.error), String(body.error_description ?? body.error))
  }
  if (status === 401) return refusal('invalid_client', 'X refused the credentials of the app.')
  return classify({ status, headers, body }, now)
}

/**
 * Explains a failed OAuth call; `answer` is what X answered, null when nothing came. Only
 * `grant-refused` and `access-denied` are a definite no to the user's grant.
 */
export const oauthFailure = (error: unknown, answer: Response | null, now: Date): Failure => {
  const failure = explain(error, answer, now)
  if (failure.kind !== 'unknown') return failure
  const remedy = 'X may have used up the code or token: try once more at most, then connect again.'
  return { ...failure, remedy }
}

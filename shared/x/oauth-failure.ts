import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
} from 'oauth4webapi'
import type { Failure } from '../networks/outcome.ts'
import { classify } from './classify.ts'
import { readBroken } from './transport.ts'

/** Errors of the token endpoint that name the app, not the user's grant. */
const clientErrors = new Set(['unauthorized_client', 'invalid_client'])

/** X's words for a code or a refresh token that is spent, revoked or wrong. */
const grantWords = /\b(token|code|grant|redirect uri|code verifier)\b/i

/** What an error of OAuth means. Only the first two rows are a definite no to the user's grant. */
export const oauthTable = {
  'grant-refused': {
    means: '400 twice, a minute apart: the refresh token, or the code, is spent, revoked or wrong.',
    becomes: 'the account needs its owner',
    kind: 'refused',
    who: 'account',
    remedy: 'Connect the account again.',
  },
  'access-denied': {
    means: 'The owner did not allow it.',
    becomes: 'the connection ends',
    kind: 'refused',
    who: 'account',
    remedy: 'Connect the account again, and allow the app what it asks for.',
  },
  'client-refused': {
    means: '401, or `invalid_client`: the app is not who it says it is.',
    becomes: 'posts that need a new token wait, and say so',
    kind: 'app_blocked',
    who: 'app',
    remedy: "Correct the X app's client id and secret.",
  },
  'oauth-refused': {
    means: 'Any other error of the token endpoint, and every other 401.',
    becomes: 'asked again later',
    kind: 'refused',
    who: 'provider',
    remedy: 'Nothing to do at first: it is asked again. Read the detail if it stays.',
  },
} as const

type OauthSlug = keyof typeof oauthTable

const because = (slug: OauthSlug, detail: string): Failure => {
  const { kind, who, remedy } = oauthTable[slug]
  return { kind, slug, detail, who, remedy }
}

/** X's no to a code, a refresh token or a client; a 401 names no grant, whatever it says. */
const refusal = (error: string, detail: string, status = 400): Failure => {
  if (clientErrors.has(error)) return because('client-refused', detail)
  if (error === 'access_denied') return because('access-denied', detail)
  const isGrant =
    error === 'invalid_grant' || (error === 'invalid_request' && grantWords.test(detail))
  return because(isGrant && status === 400 ? 'grant-refused' : 'oauth-refused', detail)
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
    return refusal(String(body.error), String(body.error_description ?? body.error), status)
  }
  if (status === 401) return refusal('invalid_client', 'X refused the credentials of the app.')
  return classify({ status, headers, body }, now)
}

/**
 * Explains a failed OAuth call; `answer` is what X answered, null when nothing came. Only
 * `grant-refused` and `access-denied` are a definite no to the user's grant. In an outage X answers
 * 401 to what is right: that says nothing about a grant.
 */
export const oauthFailure = (error: unknown, answer: Response | null, now: Date): Failure => {
  const failure = explain(error, answer, now)
  if (failure.kind !== 'unknown') return failure
  const remedy = 'X may have used up the code or token: try once more at most, then connect again.'
  return { ...failure, remedy }
}

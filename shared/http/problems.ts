import { type Extra, type Fault, Problem } from './problem.ts'
import { problemTypes, type Slug } from './problem-types.ts'

const problem = (slug: Slug, detail: string, extra?: Extra, cause?: unknown) =>
  new Problem(problemTypes[slug].status, slug, detail, extra, cause)

/** The refusals and failures TypeScript itself words; those of SQL arrive through fromPostgres. */
export const problems = {
  malformedJson: (detail: string) =>
    problem('malformed-json', detail, { remedy: 'Send one JSON value in UTF-8.' }),
  unauthorized: (detail = 'The access token is missing, malformed or expired.', cause?: unknown) =>
    problem(
      'unauthorized',
      detail,
      { remedy: 'Sign in or refresh the session, then send "Authorization: Bearer <token>".' },
      cause,
    ),
  signatureInvalid: (provider: string) =>
    problem('signature-invalid', `${provider} did not sign these bytes with a secret we know.`, {
      remedy: 'Compare the secrets of the deployment with those the provider shows.',
    }),
  livemodeMismatch: (isLive: boolean) =>
    problem(
      'livemode-mismatch',
      `The event is of Stripe's ${isLive ? 'test' : 'live'} mode, the deployment's key of the other.`,
      { remedy: 'Register the endpoint in the mode STRIPE_SECRET_KEY belongs to.' },
    ),
  inboundUnconfigured: (setting: string) =>
    problem('inbound-unconfigured', `The deployment lacks the setting ${setting}.`, {
      remedy: 'Set it as docs/configuration.md says, or remove the webhook at the provider.',
    }),
  forbidden: (cause?: unknown) =>
    problem(
      'forbidden',
      'You may not do this.',
      { remedy: 'Ask an owner of the workspace.' },
      cause,
    ),
  /** In the words of private.require_role: what is absent and what is foreign look alike. */
  notFound: () =>
    problem('not-found', 'No such resource, or it is not yours to see.', {
      remedy: 'Check the id, and the Workspace-Id header when the path names no resource.',
    }),
  noSuchRoute: () =>
    problem('no-such-route', 'The API has no such path.', { remedy: 'See GET /openapi.json.' }),
  methodNotAllowed: (allowed: string[]) =>
    problem('method-not-allowed', `This path takes ${allowed.join(', ')}.`, {
      remedy: 'Use one of them; GET /openapi.json tells what each does.',
      allowed,
    }),
  conflict: (cause?: unknown) =>
    problem(
      'conflict',
      'Something with these values exists already.',
      { remedy: 'Read what exists.' },
      cause,
    ),
  contentTooLarge: (limit: number) =>
    problem('content-too-large', `A body may have ${limit} bytes at most.`, {
      remedy: 'Send less; files go to the upload URL of POST /media.',
      limit,
    }),
  unsupportedMediaType: () =>
    problem('unsupported-media-type', 'The body must be JSON.', {
      remedy: 'Send the header "Content-Type: application/json".',
    }),
  invalid: (errors: Fault[]) =>
    problem('invalid-request', errors[0]?.detail ?? 'The request is invalid.', {
      remedy: 'Correct each entry of "errors" and send the request again.',
      errors,
    }),
  /** What a rule of ours stands in the way of, named before the database is asked to do it. */
  refused: (
    first: { status: number; slug: string; detail: string; remedy: string },
    errors: Fault[],
  ) => new Problem(first.status, first.slug, first.detail, { remedy: first.remedy, errors }),
  invalidValue: (rule?: string, cause?: unknown) =>
    problem(
      'invalid-value',
      rule ? `A value breaks the rule "${rule}".` : 'A value was refused by the database.',
      { remedy: 'Correct the value.' },
      cause,
    ),
  invalidIfMatch: () =>
    problem('invalid-if-match', 'If-Match must be one ETag such as "3", or *.', {
      remedy: 'Repeat the ETag header of the answer you read.',
    }),
  idempotencyKeyInvalid: () =>
    problem('idempotency-key-invalid', 'Idempotency-Key must have 1 to 255 printable characters.', {
      remedy: 'Use a fresh UUID for each new request.',
    }),
  idempotencyKeyReused: () =>
    problem('idempotency-key-reused', 'This Idempotency-Key came with another request before.', {
      remedy: 'Use a fresh key for a new request; repeat a key only with the very same request.',
    }),
  idempotencyInFlight: (retryAfterSeconds: number) =>
    problem('idempotency-in-flight', 'The first request with this Idempotency-Key is running.', {
      remedy: 'Repeat it after retry_after_seconds to get its answer.',
      retry_after_seconds: retryAfterSeconds,
    }),
  idempotencyOutcomeUnknown: () =>
    problem(
      'idempotency-outcome-unknown',
      'The first request with this Idempotency-Key never reported how it ended.',
      { remedy: 'Look whether it took effect; repeat it under a fresh key only if it did not.' },
    ),
  oauthStateInvalid: () =>
    problem('oauth-state-invalid', 'This connection attempt is unknown, expired or used up.', {
      remedy: 'Start again with POST /accounts/connect.',
    }),
  logRestored: (nextCursor: string) =>
    problem('log-restored', 'The database was restored: the log you know goes on differently.', {
      remedy: 'Go on from next_cursor; what you read beyond it is of a past that is lost.',
      next_cursor: nextCursor,
    }),
  logExpired: (nextCursor: string) =>
    problem('log-expired', 'Events right after this cursor are kept no longer.', {
      remedy: 'Go on from next_cursor, the oldest there is, and read the present state besides.',
      next_cursor: nextCursor,
    }),
  notTheAccountsPost: (detail: string) =>
    problem('not-the-accounts-post', detail, {
      remedy: 'Open the post on X as this account and send the address you see there.',
    }),
  /** `why`: what the network said instead of an answer. */
  accountNotConnected: (
    why = {
      detail: 'There is no token of the account that X accepts.',
      remedy: 'Connect it again with POST /accounts/connect.',
    },
  ) => problem('account-not-connected', why.detail, { remedy: why.remedy }),
  networkUnavailable: (detail: string, retryAfterSeconds = 30) =>
    problem('network-unavailable', `X cannot be asked right now: ${detail}`, {
      remedy: 'Try again after retry_after_seconds. Nothing was changed.',
      retry_after_seconds: retryAfterSeconds,
    }),
  storageUnavailable: (cause: unknown) =>
    problem(
      'storage-unavailable',
      'Object storage cannot be asked right now whether a file has come.',
      {
        remedy: 'Try again after retry_after_seconds. Nothing was changed.',
        retry_after_seconds: 5,
      },
      cause,
    ),
  internal: (cause?: unknown) =>
    problem(
      'internal',
      'Something went wrong on our side.',
      {
        remedy: 'Try again; if it stays, report the instance.',
      },
      cause,
    ),
  unavailable: (cause?: unknown) =>
    problem(
      'unavailable',
      'The database cannot answer right now.',
      {
        remedy: 'Try again after retry_after_seconds.',
        retry_after_seconds: 2,
      },
      cause,
    ),
  changeUnconfirmed: (cause?: unknown) =>
    problem(
      'change-unconfirmed',
      'The connection to the database broke; the change may have happened.',
      {
        remedy: 'Read the resource before you repeat the change.',
        retry_after_seconds: 2,
      },
      cause,
    ),
  notReady: (obstacles: string[], figures: Record<string, unknown>) =>
    problem('not-ready', obstacles.join(' '), {
      remedy: 'The failure table in docs/architecture.md says what each of them means.',
      figures,
    }),
}

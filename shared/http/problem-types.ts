type ProblemType = { status: number; title: string }

/** Every kind of problem the API answers with. docs/errors.md has one row for each. */
export const problemTypes = {
  'malformed-json': { status: 400, title: 'Malformed JSON' },
  'invalid-if-match': { status: 400, title: 'Invalid If-Match' },
  'idempotency-key-invalid': { status: 400, title: 'Invalid Idempotency-Key' },
  'oauth-state-invalid': { status: 400, title: 'Unknown connection attempt' },
  unauthorized: { status: 401, title: 'Not signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  'role-required': { status: 403, title: 'Role required' },
  'not-found': { status: 404, title: 'Not found' },
  'no-such-route': { status: 404, title: 'No such route' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  'account-already-connected': { status: 409, title: 'Account already connected' },
  'account-not-connected': { status: 409, title: 'Account not connected' },
  'already-published': { status: 409, title: 'Already published' },
  'day-full': { status: 409, title: 'Day full' },
  'idempotency-in-flight': { status: 409, title: 'Request in progress' },
  'idempotency-outcome-unknown': { status: 409, title: 'Earlier outcome unknown' },
  'illegal-transition': { status: 409, title: 'Illegal transition' },
  'nothing-to-resolve': { status: 409, title: 'Nothing to resolve' },
  'over-budget': { status: 409, title: 'Over budget' },
  'outcome-unknown': { status: 409, title: 'Outcome unknown' },
  'post-in-flight': { status: 409, title: 'Post being sent' },
  'post-not-editable': { status: 409, title: 'Post not editable' },
  'remote-id-taken': { status: 409, title: 'Remote id taken' },
  'webhook-endpoint-disabled': { status: 409, title: 'Webhook endpoint disabled' },
  'webhook-endpoint-limit': { status: 409, title: 'Too many webhook endpoints' },
  'x-app-deleted': { status: 409, title: 'X app deleted' },
  'x-app-in-use': { status: 409, title: 'X app in use' },
  'x-app-registered': { status: 409, title: 'X app already registered' },
  'version-mismatch': { status: 412, title: 'Changed meanwhile' },
  'content-too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'idempotency-key-reused': { status: 422, title: 'Idempotency-Key reused' },
  'invalid-request': { status: 422, title: 'Invalid request' },
  'invalid-value': { status: 422, title: 'Invalid value' },
  'period-invalid': { status: 422, title: 'Invalid period' },
  'scheduled-in-past': { status: 422, title: 'Scheduled in the past' },
  'settings-invalid': { status: 422, title: 'Invalid settings' },
  'time-zone-unknown': { status: 422, title: 'Unknown time zone' },
  'tokens-invalid': { status: 422, title: 'Invalid token count' },
  internal: { status: 500, title: 'Internal error' },
  'change-unconfirmed': { status: 503, title: 'Change unconfirmed' },
  'not-ready': { status: 503, title: 'Not ready' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, ProblemType>

export type Slug = keyof typeof problemTypes

export const titleOf = (slug: string): string =>
  slug in problemTypes ? problemTypes[slug as Slug].title : slug.replaceAll('-', ' ')
